//! `client_credentials` (RFC 6749 §4.4) and what every token request has to keep to.

use http::{Method, header};
use keyhook_builtin::endpoints::TokenEndpoint;
use keyhook_component::audit::Decision;
use keyhook_component::endpoint::Endpoint;
use keyhook_core::{AuthMethod, Client};
use serde_json::json;

use crate::support::*;

const FORM: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// RFC 6749 §4.4.3 and §5.1.
#[tokio::test]
async fn a_confidential_client_gets_a_token_that_lives_and_no_refresh_token() {
    let world = world().await;
    let answer = world.token(SHOP, &FORM).await.unwrap();
    let token = text(&answer, "access_token");
    assert!(token.starts_with("kha_"));
    assert_eq!(answer, json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "read" }));
    let seen = world.introspect(API, token).await.unwrap();
    assert_eq!((&seen["client_id"], &seen["scope"], &seen["active"]), (&json!("shop"), &json!("read"), &json!(true)));
    assert_eq!(seen.get("sub"), None, "a client's id must not be taken for a user's (RFC 9700 §4.15)");
}

#[tokio::test]
async fn a_token_is_one_durable_write_of_one_record() {
    let world = world().await;
    let before = world.written();
    world.token(SHOP, &FORM).await.unwrap();
    assert_eq!(world.written(), before + 1);
}

/// RFC 6749 §4.4: the client credentials grant type MUST only be used by confidential clients.
#[tokio::test]
async fn a_public_client_is_refused_whatever_its_registration_says() {
    let world = world().await;
    let mut app = public("app");
    app.grant_types.push("client_credentials".into());
    world.register(app).await;
    assert_eq!(refused(world.token(As::Public("app"), &FORM).await), ("unauthorized_client", "KH0217"));
}

/// RFC 6749 §5.2: `unauthorized_client` for a grant that is not the client's, `unsupported_grant_type` for one that nobody has.
#[tokio::test]
async fn a_client_uses_the_grants_it_is_registered_for() {
    let world = world().await;
    world.register(Client { grant_types: vec!["refresh_token".into()], ..confidential("shop") }).await;
    assert_eq!(refused(world.token(SHOP, &FORM).await), ("unauthorized_client", "KH0217"));
    for unknown in ["password", "client_credentials ", "CLIENT_CREDENTIALS", "urn:x"] {
        assert_eq!(refused(world.token(SHOP, &[("grant_type", unknown)]).await).0, "unsupported_grant_type", "{unknown}");
    }
    assert_eq!(refused(world.token(SHOP, &[]).await), ("invalid_request", "KH0203"));
}

/// RFC 6749 §3.3: nothing is granted that the client may not have.
#[tokio::test]
async fn the_scope_is_what_was_asked_for_or_the_default_and_never_more() {
    let world = world().await;
    let ask = |scope| [FORM[0], ("scope", scope)];
    assert_eq!(text(&world.token(SHOP, &ask("write read")).await.unwrap(), "scope"), "write read");
    assert_eq!(text(&world.token(SHOP, &ask("")).await.unwrap(), "scope"), "read");
    for wrong in ["admin", "read admin", "a\"b", "read  write"] {
        assert_eq!(refused(world.token(SHOP, &ask(wrong)).await).0, "invalid_scope", "{wrong}");
    }
}

/// RFC 6749 §2.3, §5.2.
#[tokio::test]
async fn a_client_that_does_not_prove_itself_gets_one_answer_for_every_cause() {
    let world = world().await;
    world.register(Client { disabled: true, ..confidential("off") }).await;
    world.register(other_auth(confidential("post"), AuthMethod::SecretPost)).await;
    let long = "x".repeat(300);
    let before = world.written();
    let mut bodies = std::collections::BTreeSet::new();
    for sender in [
        As::Basic("shop", "wrong"),
        As::Basic("nobody", SECRET),
        As::Basic(&long, SECRET),
        As::Basic("off", SECRET),
        As::Basic("post", SECRET),
        As::Public("shop"),
        As::Nobody,
    ] {
        let error = world.token(sender, &FORM).await.unwrap_err();
        assert_eq!((error.code.wire(), error.status(), error.challenge), ("invalid_client", 401, true));
        bodies.insert(error.json());
    }
    assert_eq!(bodies.len(), 1);
    assert_eq!(world.written(), before);
}

/// RFC 6749 §3.2: parameters MUST NOT be included more than once; §2.3.1: never in the request URI.
#[tokio::test]
async fn parameters_stand_in_the_body_once_as_a_form_or_the_request_is_refused() {
    let world = world().await;
    let twice = [FORM[0], ("x", "1"), ("x", "2")];
    assert_eq!(refused(world.token(SHOP, &twice).await), ("invalid_request", "KH0202"));
    let mut in_query = request("/token", SHOP, &FORM);
    in_query.query = "grant_type=client_credentials".into();
    assert_eq!(refused(world.post(&TokenEndpoint, &in_query).await), ("invalid_request", "KH0262"));
    let mut json = request("/token", SHOP, &FORM);
    json.headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    assert_eq!(refused(world.post(&TokenEndpoint, &json).await).0, "invalid_request");
    let mut two_ways = request("/token", SHOP, &FORM);
    let other = two_ways.headers[header::AUTHORIZATION].clone();
    two_ways.headers.append(header::AUTHORIZATION, other);
    assert_eq!(refused(world.post(&TokenEndpoint, &two_ways).await), ("invalid_request", "KH0221"));
}

#[tokio::test]
async fn every_request_leaves_one_audit_event_with_client_outcome_and_code() {
    let world = world().await;
    world.token(SHOP, &FORM).await.unwrap();
    world.token(As::Basic("shop", "wrong"), &FORM).await.unwrap_err();
    world.token(SHOP, &[FORM[0], ("scope", "admin")]).await.unwrap_err();
    let events = world.audit.0.lock().unwrap();
    let seen: Vec<_> = events.iter().map(|event| (event.decision, event.outcome, event.code, event.client_id.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (Decision::Token, "ok", "", Some("shop")),
            (Decision::Token, "invalid_client", "KH0225", None),
            (Decision::Token, "invalid_scope", "KH0212", Some("shop")),
        ]
    );
    assert!(events.iter().all(|event| event.request_id.as_deref() == Some("request-1")));
    assert!(!format!("{events:?}").contains(SECRET), "no secret in the audit log");
}

#[tokio::test]
async fn a_client_may_have_a_lifetime_of_its_own() {
    let world = world().await;
    world.register(Client { access_ttl: Some(60), ..confidential("shop") }).await;
    let answer = world.token(SHOP, &FORM).await.unwrap();
    assert_eq!(answer["expires_in"], 60);
    world.clock.advance(std::time::Duration::from_secs(59));
    assert!(world.is_active(text(&answer, "access_token")).await);
    world.clock.advance(std::time::Duration::from_secs(1));
    assert!(!world.is_active(text(&answer, "access_token")).await);
}

#[tokio::test]
async fn a_store_that_does_not_write_means_no_token() {
    let world = world().await;
    world.store.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let error = world.token(SHOP, &FORM).await.unwrap_err();
    assert_eq!((error.status(), error.retry_after.is_some()), (503, true));
}

#[tokio::test]
async fn revoking_a_client_ends_the_tokens_it_has() {
    let world = world().await;
    let answer = world.token(SHOP, &FORM).await.unwrap();
    world.register(Client { not_before: world.context.now(), ..confidential("shop") }).await;
    assert!(!world.is_active(text(&answer, "access_token")).await);
}

#[test]
fn oauth2u_s_path_answers_where_the_configuration_says_so() {
    let mut settings = settings();
    let post = |path: &str| (Some(Method::POST), path.to_owned());
    assert_eq!(TokenEndpoint.routes(&settings), [post("/token")]);
    settings.compat.push("oauth2u".into());
    assert_eq!(TokenEndpoint.routes(&settings), [post("/token"), post("/access-token")]);
    settings.issuer = keyhook_core::metadata::Issuer::parse("https://id.example/a").unwrap();
    assert_eq!(TokenEndpoint.routes(&settings), [post("/a/token"), post("/a/access-token")]);
}
