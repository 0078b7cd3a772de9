//! Authorization requests (RFC 6749 §4.1.1): accepted ones are bound, whole and theirs; refused ones go nowhere but to a registered URI.

use keyhook_core::{AuthorizationRequest, Client, Form, OAuthError, RedirectUri, Refusal, Scope};

use crate::decode;

const ISSUER: &str = "https://id.test";

fn clients() -> [Client; 2] {
    let mut app = Client::public("app", "App");
    app.redirect_uris = ["https://app.test/cb?a=b", "http://127.0.0.1/cb"].map(|uri| RedirectUri::parse(uri).unwrap()).to_vec();
    app.scope = Scope::parse("read write").unwrap();
    app.default_scope = Scope::parse("read").unwrap();
    let mut lax = Client::confidential("app", "Lax", keyhook_core::SecretHash::of(b"s"));
    lax.redirect_uris = vec![RedirectUri::parse("https://lax.test/").unwrap()];
    lax.require_pkce = false;
    [app, lax]
}

/// An input is the query.
pub fn check(data: &[u8]) {
    let Ok(form) = Form::parse(data, 32) else { return };
    for client in clients() {
        match AuthorizationRequest::parse(&form, Some(&client)) {
            Ok(request) => accepted(&request, &form, &client),
            Err(Refusal::Redirect { to, state, error }) => {
                assert_eq!(form.once("client_id").unwrap(), Some("app"));
                assert!(client.claim(Some(to.as_str())).is_ok());
                assert!(state.is_none() || form.once("state").unwrap() == state.as_deref());
                let location = keyhook_core::authorize::error_redirect(&to, state.as_deref(), ISSUER, &error);
                went_back(&location, to.as_str(), &[("error", Some(error.code.wire())), ("state", state.as_deref())]);
            }
            Err(Refusal::Page(error)) => assert!(error.wire_description().len() < 200),
        }
        assert!(matches!(AuthorizationRequest::parse(&form, None), Err(Refusal::Page(_))));
    }
}

fn accepted(request: &AuthorizationRequest, form: &Form, client: &Client) {
    let sent = |name: &str| form.once(name).unwrap();
    assert_eq!(sent("client_id"), Some("app"));
    assert_eq!(sent("response_type"), Some("code"));
    assert_eq!(sent("state"), request.state.as_deref());
    assert_eq!(sent("redirect_uri").is_some(), request.redirect_uri_was_sent);
    assert!(sent("redirect_uri").is_none_or(|uri| uri == request.redirect_uri.as_str()));
    assert!(client.claim(Some(request.redirect_uri.as_str())).is_ok());
    assert!(request.scope.scope().is_subset_of(&client.scope));
    assert_eq!(request.code_challenge.is_some(), sent("code_challenge").is_some());
    assert!(request.code_challenge.is_some() || !client.needs_pkce());
    assert!(request.code_challenge.is_none() || sent("code_challenge_method") == Some("S256"));
    assert!(sent("request").is_none() && sent("request_uri").is_none() && sent("response_mode").is_none_or(|mode| mode == "query"));
    let code = [("code", Some("khc_x")), ("state", request.state.as_deref())];
    went_back(&request.success_redirect(ISSUER, "khc_x"), request.redirect_uri.as_str(), &code);
    went_back(&request.error_redirect(ISSUER, &OAuthError::access_denied()), request.redirect_uri.as_str(), &[("code", None)]);
    let stored = request.to_stored();
    let read = serde_json::from_slice(&serde_json::to_vec(&stored).unwrap()).unwrap();
    assert_eq!(stored, read);
    let again = AuthorizationRequest::revalidate(&read, client).unwrap();
    assert_eq!(again.to_stored(), stored, "what rests in the store comes back as it was");
    let gone = Client { redirect_uris: Vec::new(), ..client.clone() };
    assert!(matches!(AuthorizationRequest::revalidate(&read, &gone), Err(Refusal::Page(_))));
}

/// The answer's parameters, read as the client reads them: each once, `iss` with them (RFC 9207 §2), `state` byte for byte.
fn went_back(location: &str, to: &str, expected: &[(&str, Option<&str>)]) {
    assert!(location.starts_with(to) && location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
    let added = location[to.len()..].trim_start_matches(['?', '&']);
    let pairs = decode::form(added.as_bytes(), 8).unwrap();
    let values = |name: &str| pairs.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    assert_eq!(values("iss"), [ISSUER]);
    for (name, value) in expected {
        assert_eq!(values(name), value.iter().copied().collect::<Vec<_>>(), "{name} in {location}");
    }
}
