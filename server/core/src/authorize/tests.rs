#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::parameters::LONGEST_STATE;
use super::*;
use crate::{ErrorCode, RedirectUri, Scope, SecretHash};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const URI: &str = "https://app.test/cb?keep=1";
const ISSUER: &str = "https://id.test";

fn client() -> Client {
    let mut client = Client::public("app", "App");
    client.redirect_uris = vec![RedirectUri::parse(URI).unwrap()];
    client.scope = Scope::parse("read write").unwrap();
    client.default_scope = Scope::parse("read").unwrap();
    client
}

/// A good request with some parameters replaced (or, with an empty value, removed) and others appended as they are.
fn query(changes: &[(&str, &str)], appended: &str) -> Form {
    let mut params = vec![
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", URI),
        ("state", "s t&ä"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        params.retain(|(known, _)| known != name);
        params.push((name, value));
    }
    let mut encoder = url::form_urlencoded::Serializer::new(String::new());
    let query = encoder.extend_pairs(params).finish() + appended;
    Form::parse(query.as_bytes(), 50).unwrap()
}

fn good() -> AuthorizationRequest {
    AuthorizationRequest::parse(&query(&[], ""), Some(&client())).unwrap()
}

fn redirected(form: &Form, client: &Client) -> (OAuthError, Option<String>) {
    match AuthorizationRequest::parse(form, Some(client)) {
        Err(Refusal::Redirect { to, state, error }) => {
            assert_eq!(to.as_str(), URI);
            (error, state)
        }
        other => panic!("no redirect: {other:?}"),
    }
}

fn page(form: &Form, client: Option<&Client>) -> OAuthError {
    match AuthorizationRequest::parse(form, client) {
        Err(Refusal::Page(error)) => error,
        other => panic!("no page: {other:?}"),
    }
}

#[test]
fn a_good_request_is_understood() {
    let request = AuthorizationRequest::parse(
        &query(&[("scope", "write"), ("prompt", "login"), ("max_age", "0"), ("login_hint", "ann")], "&unknown=1&unknown=2"),
        Some(&client()),
    )
    .unwrap();
    assert_eq!((request.client_id.as_str(), request.response_type.name()), ("app", "code"));
    assert_eq!(request.redirect_uri.as_str(), URI);
    assert!(request.redirect_uri_was_sent && request.prompt.login() && request.code_challenge.is_some());
    assert_eq!((request.scope.to_string().as_str(), request.max_age), ("write", Some(0)));
    assert_eq!((request.state.as_deref(), request.login_hint.as_deref()), (Some("s t&ä"), Some("ann")));
}

/// RFC 6749 §4.1.2 and RFC 9207 §2.
#[test]
fn a_success_carries_code_state_and_issuer_behind_the_registered_query() {
    let expected = "https://app.test/cb?keep=1&code=c%2Bd&state=s+t%26%C3%A4&iss=https%3A%2F%2Fid.test";
    assert_eq!(good().success_redirect(ISSUER, "c+d"), expected);
}

/// RFC 6749 §4.1.2.1 and RFC 9207 §2.
#[test]
fn an_error_carries_state_and_issuer_too() {
    let location = good().error_redirect(ISSUER, &OAuthError::access_denied());
    let form = Form::parse(location.split_once('?').unwrap().1.as_bytes(), 9).unwrap();
    let pairs: Vec<_> = form.iter().collect();
    assert_eq!(
        pairs,
        [("keep", "1"), ("error", "access_denied"), ("error_description", "the request was denied"), ("state", "s t&ä"), ("iss", ISSUER),]
    );
    let stateless = error_redirect(&good().redirect_uri, None, ISSUER, &OAuthError::access_denied());
    assert!(!stateless.contains("state="));
}

/// RFC 6749 §4.1.2.1: without a proven client and redirect URI the user is not redirected. Attacks RU-01, AZ-28.
#[test]
fn until_client_and_redirect_uri_are_proven_every_error_is_a_page() {
    let client = client();
    let two =
        Client { redirect_uris: vec![client.redirect_uris[0].clone(), RedirectUri::parse("https://b.test/").unwrap()], ..client.clone() };
    let disabled = Client { disabled: true, ..client.clone() };
    for (form, client, kh) in [
        (query(&[("client_id", "")], ""), Some(&client), kh::MISSING_PARAMETER),
        (query(&[], "&client_id=app"), Some(&client), kh::DUPLICATE_PARAMETER),
        (query(&[], ""), None, kh::UNKNOWN_CLIENT),
        (query(&[("client_id", "APP")], ""), Some(&client), kh::UNKNOWN_CLIENT),
        (query(&[], ""), Some(&disabled), kh::DISABLED_CLIENT),
        (query(&[], "&redirect_uri=https://evil.test"), Some(&client), kh::DUPLICATE_PARAMETER),
        (query(&[("redirect_uri", "https://evil.test/cb")], ""), Some(&client), kh::REDIRECT_NOT_REGISTERED),
        (query(&[("redirect_uri", "")], "&redirect_uri[]=https://evil.test"), Some(&two), kh::REDIRECT_MISSING),
        // What else is wrong does not matter then.
        (query(&[("redirect_uri", "https://evil.test/cb"), ("scope", "\"")], "&state=2"), Some(&client), kh::REDIRECT_NOT_REGISTERED),
    ] {
        let error = page(&form, client);
        assert_eq!((error.kh, error.status()), (kh, 400));
        assert!(!String::from_utf8(error.json()).unwrap().contains("evil"));
    }
    let unknown = page(&query(&[], ""), None);
    assert_eq!(unknown.json(), page(&query(&[], ""), Some(&disabled)).json(), "disabled looks like unknown");
}

#[test]
fn a_left_out_redirect_uri_is_remembered_as_left_out() {
    let request = AuthorizationRequest::parse(&query(&[("redirect_uri", "")], ""), Some(&client())).unwrap();
    assert_eq!(request.redirect_uri.as_str(), URI);
    assert!(!request.redirect_uri_was_sent);
}

/// RFC 6749 §4.1.2.1, RFC 7636 §4.4.1, OpenID Connect Core §3.1.2.1: attacks AZ-05, AZ-06, AZ-11, AZ-12, CP-09.
#[test]
fn afterwards_every_error_goes_back_with_the_state() {
    let long = "9".repeat(30);
    for (changes, appended, error, kh) in [
        (&[("response_type", "")][..], "", "invalid_request", kh::MISSING_PARAMETER),
        (&[("response_type", "token")], "", "unsupported_response_type", kh::RESPONSE_TYPE),
        (&[("response_type", "code token")], "", "unsupported_response_type", kh::RESPONSE_TYPE),
        (&[("response_type", "CODE")], "", "unsupported_response_type", kh::RESPONSE_TYPE),
        (&[], "&response_type=code", "invalid_request", kh::DUPLICATE_PARAMETER),
        (&[], "&scope=read&scope=read", "invalid_request", kh::DUPLICATE_PARAMETER),
        (&[], "&code_challenge=x", "invalid_request", kh::DUPLICATE_PARAMETER),
        (&[], "&code_challenge_method=S256", "invalid_request", kh::DUPLICATE_PARAMETER),
        (&[], "&prompt=login&prompt=", "invalid_request", kh::DUPLICATE_PARAMETER),
        (&[("response_mode", "fragment")], "", "invalid_request", kh::RESPONSE_MODE),
        (&[("response_mode", "form_post")], "", "invalid_request", kh::RESPONSE_MODE),
        (&[("request", "x")], "", "request_not_supported", kh::REQUEST_OBJECT),
        (&[("request_uri", "x")], "", "request_uri_not_supported", kh::REQUEST_OBJECT),
        (&[("scope", "read admin")], "", "invalid_scope", kh::SCOPE_NOT_ALLOWED),
        (&[("scope", "read  write")], "", "invalid_scope", kh::MALFORMED_SCOPE),
        (&[("scope", "re\"ad")], "", "invalid_scope", kh::MALFORMED_SCOPE),
        (&[("code_challenge", "")], "", "invalid_request", kh::PKCE_MISSING),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "", "invalid_request", kh::PKCE_MISSING),
        (&[("code_challenge_method", "")], "", "invalid_request", kh::PKCE_CHALLENGE),
        (&[("code_challenge_method", "plain")], "", "invalid_request", kh::PKCE_CHALLENGE),
        (&[("code_challenge_method", "s256")], "", "invalid_request", kh::PKCE_CHALLENGE),
        (&[("code_challenge", "short")], "", "invalid_request", kh::PKCE_CHALLENGE),
        (&[("prompt", "none login")], "", "invalid_request", kh::PROMPT),
        (&[("prompt", "NONE")], "", "invalid_request", kh::PROMPT),
        (&[("max_age", "-1")], "", "invalid_request", kh::PROMPT),
        (&[("max_age", "+1")], "", "invalid_request", kh::PROMPT),
        (&[("max_age", "abc")], "", "invalid_request", kh::PROMPT),
        (&[("max_age", &long)], "", "invalid_request", kh::PROMPT),
    ] {
        let (refused, state) = redirected(&query(changes, appended), &client());
        assert_eq!((refused.code.wire(), refused.kh), (error, kh), "{changes:?} {appended}");
        assert_eq!(state.as_deref(), Some("s t&ä"));
    }
}

/// Attack AZ-22: what cannot be given back byte for byte is not given back at all.
#[test]
fn a_state_that_cannot_be_echoed_is_refused_and_not_echoed() {
    let longest = "a".repeat(LONGEST_STATE);
    assert!(AuthorizationRequest::parse(&query(&[("state", &longest)], ""), Some(&client())).is_ok());
    for wrong in [&format!("{longest}a"), "a\r\nSet-Cookie: b", "a\u{7f}", "a\u{85}"] {
        let (error, state) = redirected(&query(&[("state", wrong)], ""), &client());
        assert_eq!((error.kh, state), (kh::STATE, None), "{wrong:?}");
    }
    let (error, state) = redirected(&query(&[], "&state=other"), &client());
    assert_eq!((error.kh, state), (kh::DUPLICATE_PARAMETER, None));
    let odd = "\"><svg onload>&#\\ %00 é";
    let request = AuthorizationRequest::parse(&query(&[("state", odd)], ""), Some(&client())).unwrap();
    assert_eq!(request.state.as_deref(), Some(odd));
}

#[test]
fn a_client_gets_only_what_it_is_registered_for() {
    let no_code = Client { response_types: Vec::new(), ..client() };
    assert_eq!(redirected(&query(&[], ""), &no_code).0.code, ErrorCode::UnauthorizedClient);
    let no_grant = Client { grant_types: vec!["refresh_token".into()], ..client() };
    assert_eq!(redirected(&query(&[], ""), &no_grant).0.code, ErrorCode::UnauthorizedClient);
}

/// RFC 9700 §2.1.1: a confidential client may be let off PKCE, a public one never.
#[test]
fn pkce_is_optional_only_for_a_confidential_client_whose_registration_says_so() {
    let without = query(&[("code_challenge", ""), ("code_challenge_method", "")], "");
    let mut confidential = Client::confidential("app", "App", SecretHash::of(b"s"));
    confidential.redirect_uris = client().redirect_uris;
    assert_eq!(redirected(&without, &confidential).0.kh, kh::PKCE_MISSING);
    confidential.require_pkce = false;
    assert!(AuthorizationRequest::parse(&without, Some(&confidential)).unwrap().code_challenge.is_none());
    let half = query(&[("code_challenge", "")], "");
    assert_eq!(redirected(&half, &confidential).0.kh, kh::PKCE_MISSING, "a method without a challenge");
    let public = Client { require_pkce: false, ..client() };
    assert_eq!(redirected(&without, &public).0.kh, kh::PKCE_MISSING);
}

/// Attack AZ-15: a hint is a convenience and never a reason to fail.
#[test]
fn an_unusable_login_hint_is_left_out() {
    for hint in ["a\nb", &"a".repeat(64_000)] {
        let request = AuthorizationRequest::parse(&query(&[("login_hint", hint)], ""), Some(&client())).unwrap();
        assert_eq!(request.login_hint, None);
    }
}

#[test]
fn a_stored_request_is_proven_again_against_the_client_of_today() {
    let request = good();
    let json = serde_json::to_string(&request.to_stored()).unwrap();
    let stored: StoredRequest = serde_json::from_str(&json).unwrap();
    let again = AuthorizationRequest::revalidate(&stored, &client()).unwrap();
    assert_eq!(again.to_stored(), request.to_stored());
    assert_eq!(again.redirect_uri, request.redirect_uri);

    let moved = Client { redirect_uris: vec![RedirectUri::parse("https://b.test/").unwrap()], ..client() };
    let disabled = Client { disabled: true, ..client() };
    let other = Client { id: "other".into(), ..client() };
    for client in [&moved, &disabled, &other] {
        assert!(matches!(AuthorizationRequest::revalidate(&stored, client), Err(Refusal::Page(_))));
    }
    let narrowed = Client { scope: Scope::parse("write").unwrap(), ..client() };
    let no_code = Client { response_types: Vec::new(), ..client() };
    for client in [&narrowed, &no_code] {
        let refused = AuthorizationRequest::revalidate(&stored, client).unwrap_err();
        assert!(matches!(&refused, Refusal::Redirect { state: Some(_), .. }), "{:?}", refused.error());
    }
    let bare = StoredRequest { code_challenge: None, ..stored };
    assert_eq!(AuthorizationRequest::revalidate(&bare, &client()).unwrap_err().error().kh, kh::PKCE_MISSING);
}

/// RFC 6749 §4.1.2.1: who has no proven target gets a page; who has one is told there.
#[test]
fn a_refusal_goes_to_the_client_only_over_a_proven_redirect_uri() {
    assert!(matches!(Refusal::from(OAuthError::access_denied()), Refusal::Page(_)));
    let request = good();
    let Refusal::Redirect { to, state, error } = request.refuse(OAuthError::access_denied()) else { panic!("a page") };
    assert_eq!((to.as_str(), state.as_deref(), error.code.wire()), (URI, Some("s t&ä"), "access_denied"));
}

/// RFC 6749 §4.2.1, §4.2.2.1: off unless offered, allowed per client, and told in the fragment, errors too.
#[test]
fn a_token_is_asked_for_where_it_is_offered_and_everything_goes_into_the_fragment() {
    let implicit = || {
        let mut client = client();
        client.grant_types.push("implicit".into());
        client.response_types.push("token".into());
        client
    };
    let ask = |client: &Client, offered: bool| {
        let form = query(&[("response_type", "token")], "");
        AuthorizationRequest::bind(&form, Some(client)).unwrap().offering(offered).check()
    };
    let request = ask(&implicit(), true).unwrap();
    assert_eq!((request.response_type, request.code_challenge.is_none()), (ResponseType::Token, true));
    assert_eq!(
        request.redirect_uri.with_params(&[("access_token", "t"), ("state", "s")]),
        "https://app.test/cb?keep=1#access_token=t&state=s"
    );
    let again = AuthorizationRequest::revalidate(&request.to_stored(), &implicit()).unwrap();
    assert_eq!((again.response_type, again.redirect_uri), (ResponseType::Token, request.redirect_uri));
    for (refused, code, place) in [
        (ask(&client(), true), ErrorCode::UnauthorizedClient, "https://app.test/cb?keep=1#error="),
        (ask(&implicit(), false), ErrorCode::UnsupportedResponseType, "https://app.test/cb?keep=1&error="),
    ] {
        let Err(Refusal::Redirect { to, state, error }) = refused else { panic!("a page, or a request") };
        assert_eq!(error.code, code);
        assert!(error_redirect(&to, state.as_deref(), "https://id.example", &error).starts_with(place));
    }
    let form = query(&[("response_type", "token"), ("response_mode", "query")], "");
    let refused = AuthorizationRequest::bind(&form, Some(&implicit())).unwrap().offering(true).check().unwrap_err();
    assert_eq!(refused.error().kh, kh::RESPONSE_MODE, "a token in a query is seen by servers (OAuth 2.0 Multiple Response Types §5)");
}
