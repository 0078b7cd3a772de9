#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use serde_json::json;

use super::*;

fn public() -> Client {
    let mut client = Client::public("app", "App");
    client.redirect_uris = vec![RedirectUri::parse("https://app.test/cb").unwrap()];
    client
}

fn confidential() -> Client {
    let mut client = Client::confidential("app", "App", SecretHash::of(b"s"));
    client.redirect_uris = public().redirect_uris;
    client
}

fn refused(client: &Client) -> &'static str {
    client.validate().unwrap_err().field
}

#[test]
fn the_two_kinds_are_consistent_as_they_are_made() {
    assert_eq!(public().validate(), Ok(()));
    assert_eq!(confidential().validate(), Ok(()));
}

/// RFC 6749 §2.1 and §4.4, RFC 9700 §2.1.1.
#[test]
fn a_public_client_has_no_secret_no_own_account_and_always_pkce() {
    assert_eq!(refused(&Client { secrets: vec![SecretHash::of(b"s")], ..public() }), "secrets");
    assert_eq!(refused(&Client { auth_method: AuthMethod::SecretPost, ..public() }), "auth_method");
    assert_eq!(refused(&Client { require_pkce: false, ..public() }), "require_pkce");
    assert_eq!(refused(&Client { introspect: true, ..public() }), "introspect");
    assert_eq!(refused(&Client { grant_types: vec!["client_credentials".into()], ..public() }), "grant_types");
    assert!(Client { require_pkce: false, ..public() }.needs_pkce(), "whatever the field says");
}

#[test]
fn a_confidential_client_authenticates_with_one_secret_or_two() {
    assert_eq!(refused(&Client { auth_method: AuthMethod::None, ..confidential() }), "auth_method");
    assert_eq!(refused(&Client { secrets: Vec::new(), ..confidential() }), "secrets");
    assert_eq!(refused(&Client { secrets: vec![SecretHash::of(b"s"); 3], ..confidential() }), "secrets");
    assert!(Client { secrets: vec![SecretHash::of(b"s"); 2], ..confidential() }.validate().is_ok());
    assert!(!Client { require_pkce: false, ..confidential() }.needs_pkce());
}

#[test]
fn names_hold_nothing_that_misleads() {
    for id in ["", " ", "a b", "a\n", "é", &"a".repeat(256)] {
        assert_eq!(refused(&Client { id: id.into(), ..public() }), "id", "{id:?}");
    }
    for name in ["", "  ", "a\nb", "a\u{202e}b", "a\u{200b}", &"a".repeat(201)] {
        assert_eq!(refused(&Client { name: name.into(), ..public() }), "name", "{name:?}");
    }
}

#[test]
fn redirect_uris_fit_the_grant_and_the_application() {
    assert_eq!(refused(&Client { redirect_uris: Vec::new(), ..public() }), "redirect_uris");
    let machine =
        Client { redirect_uris: Vec::new(), grant_types: vec!["client_credentials".into()], response_types: Vec::new(), ..confidential() };
    assert_eq!(machine.validate(), Ok(()));
    let scheme = vec![RedirectUri::parse("com.example.app:/cb").unwrap()];
    assert_eq!(refused(&Client { redirect_uris: scheme.clone(), ..public() }), "redirect_uris");
    assert!(Client { redirect_uris: scheme, application: Application::Native, ..public() }.validate().is_ok());
}

#[test]
fn the_default_scope_is_part_of_the_scope_and_lifetimes_are_not_zero() {
    let scope = Scope::parse("a").unwrap();
    assert_eq!(refused(&Client { default_scope: scope, ..public() }), "default_scope");
    assert_eq!(refused(&Client { access_ttl: Some(0), ..public() }), "access_ttl");
    assert_eq!(refused(&Client { refresh_ttl: Some(0), ..public() }), "refresh_ttl");
}

/// RFC 6749 §5.2: attack CP-16.
#[test]
fn a_client_may_use_what_it_is_registered_for() {
    assert!(public().allows_grant("authorization_code").is_ok());
    for grant in ["password", "client_credentials", "Authorization_Code", "authorization_code ", ""] {
        assert_eq!(public().allows_grant(grant).unwrap_err().code.wire(), "unauthorized_client");
    }
    assert!(public().allows_response("code").is_ok());
    assert_eq!(public().allows_response("token").unwrap_err().code.wire(), "unauthorized_client");
}

#[test]
fn a_stored_client_has_safe_defaults_and_no_unknown_fields() {
    let stored = json!({"id": "a", "name": "A", "kind": "public", "auth_method": "none"});
    let client: Client = serde_json::from_value(stored.clone()).unwrap();
    assert!(client.require_pkce && !client.first_party && !client.disabled && !client.introspect);
    assert_eq!(client.grant_types, ["authorization_code", "refresh_token"]);
    assert_eq!(client.response_types, ["code"]);
    let again: Client = serde_json::from_str(&serde_json::to_string(&confidential()).unwrap()).unwrap();
    assert_eq!(again.auth_method.name(), "client_secret_basic");
    assert!(again.secrets[0].matches(b"s"));
    for (field, value) in [("seecrets", json!([])), ("redirect_uris", json!(["javascript:x"])), ("kind", json!("Public"))] {
        let mut wrong = stored.clone();
        wrong[field] = value;
        assert!(serde_json::from_value::<Client>(wrong).is_err(), "{field}");
    }
}

#[test]
fn a_refused_client_says_which_field_and_why() {
    let error = Client { id: String::new(), ..public() }.validate().unwrap_err();
    assert!(error.to_string().starts_with("id: it must be "), "{error}");
}
