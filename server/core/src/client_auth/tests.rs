#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::ErrorCode;

fn form(input: &str) -> Form {
    Form::parse(input.as_bytes(), 20).unwrap()
}

fn basic_header(pair: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(pair)).into_bytes()
}

fn confidential(method: AuthMethod) -> Client {
    Client { auth_method: method, ..Client::confidential("app", "App", SecretHash::of(b"right")) }
}

fn attempt(client: Option<Client>, header: Option<&str>, body: &str) -> Result<AuthenticatedClient, OAuthError> {
    let form = form(body);
    let header = header.map(basic_header);
    authenticate(client.map(Arc::new), &present(header.as_deref(), &form)?)
}

/// RFC 6749 §2.3.1.
#[test]
fn a_client_is_believed_with_its_own_method_and_secret() {
    assert_eq!(attempt(Some(confidential(AuthMethod::SecretBasic)), Some("app:right"), "").unwrap().id, "app");
    assert!(attempt(Some(confidential(AuthMethod::SecretBasic)), Some("app:right"), "client_id=app").is_ok());
    let body = "client_id=app&client_secret=right";
    assert_eq!(attempt(Some(confidential(AuthMethod::SecretPost)), None, body).unwrap().name, "App");
    assert!(attempt(Some(Client::public("app", "App")), None, "client_id=app").is_ok());
}

#[test]
fn both_secrets_of_a_rotation_are_good_and_no_third() {
    let mut client = confidential(AuthMethod::SecretBasic);
    client.secrets.push(SecretHash::of(b"new"));
    assert!(attempt(Some(client.clone()), Some("app:right"), "").is_ok());
    assert!(attempt(Some(client.clone()), Some("app:new"), "").is_ok());
    assert!(attempt(Some(client), Some("app:other"), "").is_err());
}

/// RFC 6749 §5.2: attacks CA-05, CA-19. Unknown, disabled, wrong method, wrong and missing secret look the same.
#[test]
fn every_reason_to_disbelieve_looks_the_same_outside() {
    let known = || Some(confidential(AuthMethod::SecretBasic));
    let disabled = Some(Client { disabled: true, ..confidential(AuthMethod::SecretBasic) });
    let bare = Some(Client { secrets: Vec::new(), ..confidential(AuthMethod::SecretBasic) });
    let expected = OAuthError::invalid_client();
    for (client, header, body, kh) in [
        (None, Some("app:right"), "", kh::AUTH_UNKNOWN_CLIENT),
        (known(), Some("App:right"), "", kh::AUTH_UNKNOWN_CLIENT),
        (disabled, Some("app:right"), "", kh::DISABLED_CLIENT),
        (known(), Some("app:wrong"), "", kh::AUTH_SECRET),
        (known(), Some("app:"), "", kh::AUTH_SECRET),
        (bare, Some("app:right"), "", kh::AUTH_SECRET),
        (known(), None, "client_id=app", kh::AUTH_METHOD),
        (known(), None, "client_id=app&client_secret=right", kh::AUTH_METHOD),
        (known(), None, "client_id=app&token_endpoint_auth_method=none", kh::AUTH_METHOD),
        (Some(Client::public("app", "App")), Some("app:"), "", kh::AUTH_METHOD),
        (Some(Client::public("app", "App")), None, "client_id=app&client_secret=x", kh::AUTH_METHOD),
        (known(), Some("no colon"), "", kh::MALFORMED_BASIC),
        (known(), None, "client_secret=right", kh::NO_CREDENTIALS),
        (known(), None, "", kh::NO_CREDENTIALS),
        (known(), None, "client_id=app&client_assertion=x", kh::AUTH_METHOD),
    ] {
        let error = attempt(client, header, body).unwrap_err();
        assert_eq!((error.kh, error.json(), error.status()), (kh, expected.json(), 401), "{header:?} {body}");
        assert!(error.challenge && error.code == ErrorCode::InvalidClient);
    }
}

/// RFC 6749 §2.3: the client MUST NOT use more than one authentication method in each request. Attack CA-03.
#[test]
fn two_methods_at_once_are_refused() {
    for (header, body) in [
        (Some("app:right"), "client_secret=right"),
        (Some("app:right"), "client_id=app&client_secret=right"),
        (Some("app:right"), "client_assertion=x"),
        (None, "client_id=app&client_secret=right&client_assertion=x"),
        (None, "client_id=app&client_secret=right&client_assertion_type=x"),
        (Some("app:right"), "client_id=other"),
        (None, "client_id=app&client_id=app"),
        (None, "client_id=app&client_secret=a&client_secret=a"),
    ] {
        let error = attempt(Some(confidential(AuthMethod::SecretBasic)), header, body).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{header:?} {body}");
    }
}

/// RFC 6749 §2.3.1: attack CA-04.
#[test]
fn basic_credentials_are_form_decoded_and_raw_ones_fail_unless_equal() {
    let secret = "p:a+s%s é";
    let client = || Some(Client { secrets: vec![SecretHash::of(secret.as_bytes())], ..confidential(AuthMethod::SecretBasic) });
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    assert!(attempt(client(), Some(&format!("app:{encoded}")), "").is_ok());
    assert!(attempt(client(), Some(&format!("app:{secret}")), "").is_err());
}

/// Foreign schemes are none of ours (a Bearer header, say, beside a form).
#[test]
fn headers_of_other_schemes_are_ignored() {
    let form = form("client_id=app&client_secret=s");
    for header in [&b"Bearer abc"[..], b"OAuth realm=x", b"", b"Basically x", b"\xff\xfe"] {
        let credentials = present(Some(header), &form).unwrap();
        assert_eq!((credentials.id(), credentials.method()), ("app", AuthMethod::SecretPost));
    }
}

#[test]
fn credentials_do_not_show_their_secret() {
    let form = form("client_id=app&client_secret=hush");
    let shown = format!("{:?}", present(None, &form).unwrap());
    assert!(shown.contains("app") && !shown.contains("hush"), "{shown}");
    let error = authenticate(None, &present(None, &form).unwrap()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hush"));
}

fn asserted(client: Option<Client>, id: &str, body: &str) -> Result<AuthenticatedClient, OAuthError> {
    let form = form(body);
    let assertion = present_assertion(None, &form)?.unwrap();
    authenticate_asserted(client.map(Arc::new), id, &assertion)
}

/// RFC 7521 §4.2: `client_id` is optional, and if present it names the asserted client.
#[test]
fn an_asserted_client_is_believed_with_the_method_assertion_alone() {
    let client = || Client { secrets: Vec::new(), ..confidential(AuthMethod::Assertion) };
    assert_eq!(asserted(Some(client()), "app", "client_assertion=a&client_assertion_type=urn:x").unwrap().id, "app");
    assert!(asserted(Some(client()), "app", "client_id=app&client_assertion=a&client_assertion_type=urn:x").is_ok());
    let expected = OAuthError::invalid_client();
    let disabled = Client { disabled: true, ..client() };
    for (client, id, body, kh) in [
        (None, "app", "", kh::AUTH_UNKNOWN_CLIENT),
        (Some(client()), "App", "", kh::AUTH_UNKNOWN_CLIENT),
        (Some(client()), "app", "client_id=other&", kh::TWO_CLIENTS),
        (Some(disabled), "app", "", kh::DISABLED_CLIENT),
        (Some(confidential(AuthMethod::SecretBasic)), "app", "", kh::AUTH_METHOD),
        (Some(Client::public("app", "App")), "app", "", kh::AUTH_METHOD),
    ] {
        let error = asserted(client, id, &format!("{body}client_assertion=a&client_assertion_type=urn:x")).unwrap_err();
        assert_eq!((error.kh, error.json(), error.status()), (kh, expected.json(), 401), "{body}");
    }
}

/// A client that asserts has no other way in: neither without a secret nor with one that was left.
#[test]
fn a_client_with_the_method_assertion_is_believed_in_no_other_way() {
    let client = || Some(confidential(AuthMethod::Assertion));
    for (header, body) in [(Some("app:right"), ""), (None, "client_id=app&client_secret=right"), (None, "client_id=app")] {
        assert_eq!(attempt(client(), header, body).unwrap_err().kh, kh::AUTH_METHOD, "{header:?} {body}");
    }
}

/// RFC 6749 §2.3: the client MUST NOT use more than one authentication method in each request.
#[test]
fn an_assertion_stands_alone_and_has_a_type() {
    let read = |header: Option<&str>, body: &str| {
        let header = header.map(basic_header);
        present_assertion(header.as_deref(), &form(body)).map(|found| found.is_some()).map_err(|error| error.code)
    };
    let whole = "client_assertion=a&client_assertion_type=urn:x";
    assert_eq!(read(None, whole), Ok(true));
    assert_eq!(read(Some("app:right"), "grant_type=x"), Ok(false));
    assert_eq!(read(Some("app:right"), whole), Err(ErrorCode::InvalidRequest));
    assert_eq!(read(None, &format!("{whole}&client_secret=s")), Err(ErrorCode::InvalidRequest));
    assert_eq!(read(None, &format!("{whole}&client_assertion=b")), Err(ErrorCode::InvalidRequest));
    assert_eq!(read(None, "client_assertion=a"), Err(ErrorCode::InvalidClient));
    assert_eq!(read(None, "client_assertion_type=urn:x"), Err(ErrorCode::InvalidClient));
}
