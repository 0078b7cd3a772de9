//! Introspection (RFC 7662): who may ask, and what is said.

use keyhook_builtin::endpoints::IntrospectEndpoint;
use keyhook_component::audit::Decision;
use serde_json::json;

use crate::support::*;

async fn tokens(world: &World) -> (String, String) {
    let code = world.code("shop").await;
    let answer = world.redeem(SHOP, &code).await.unwrap();
    (text(&answer, "access_token").to_owned(), text(&answer, "refresh_token").to_owned())
}

/// RFC 7662 §2.2.
#[tokio::test]
async fn a_live_token_is_described() {
    let world = world().await;
    let (access, refresh) = tokens(&world).await;
    let now = world.context.now().seconds();
    let common = json!({
        "active": true, "scope": "read write", "client_id": "shop", "sub": "alice", "username": "alice",
        "iss": "https://id.example", "iat": now, "exp": now + 3600, "token_type": "Bearer"
    });
    assert_eq!(world.introspect(API, &access).await.unwrap(), common);
    let mut expected = common.as_object().unwrap().clone();
    expected.remove("token_type");
    expected.insert("exp".into(), (now + 30 * 24 * 3600).into());
    assert_eq!(world.introspect(API, &refresh).await.unwrap(), json!(expected));
}

/// RFC 7662 §2.1: the endpoint MUST require some form of authorization.
#[tokio::test]
async fn nobody_asks_without_proof() {
    let world = world().await;
    let (access, _) = tokens(&world).await;
    for (sender, kh) in
        [(As::Nobody, "KH0220"), (As::Public("app"), "KH0265"), (As::Public("api"), "KH0224"), (As::Basic("api", "wrong"), "KH0225")]
    {
        let error = world.introspect(sender, &access).await.unwrap_err();
        assert_eq!((error.status(), error.code.wire(), error.kh), (401, "invalid_client", kh));
        assert!(error.challenge);
    }
}

/// RFC 7662 §2.2, §4: what is not live, not known or not the asker's looks the same to the byte.
#[tokio::test]
async fn every_inactive_token_looks_the_same() {
    let world = world().await;
    let (access, refresh) = tokens(&world).await;
    let code = world.code("shop").await;
    let inactive = json!({ "active": false });
    let long = "x".repeat(5_000);
    for token in [
        forged(&access),
        forged(&refresh),
        rerouted(&access),
        rerouted(&refresh),
        code,
        access.replace("kha_", "khr_"),
        "a.b.c".into(),
        "kha_".into(),
        long,
    ] {
        assert_eq!(world.introspect(API, &token).await.unwrap(), inactive, "{token}");
        assert_eq!((world.last_event().decision, world.last_event().outcome), (Decision::Introspection, "inactive"));
    }
    for token in [&access, &refresh] {
        assert_eq!(world.introspect(RIVAL, token).await.unwrap(), inactive, "another client's");
        assert_eq!(world.introspect(SHOP, token).await.unwrap()["active"], true, "its own");
    }
    world.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(world.introspect(API, &access).await.unwrap(), inactive, "expired");
}

/// RFC 7662 §2.1: a hint that does not help is ignored.
#[tokio::test]
async fn a_wrong_or_unknown_hint_does_not_matter_and_a_missing_token_does() {
    let world = world().await;
    let (access, _) = tokens(&world).await;
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let form = [("token", access.as_str()), ("token_type_hint", hint)];
        let answer = world.post(&IntrospectEndpoint, &request("/introspect", API, &form)).await.unwrap();
        assert_eq!(answer["active"], true, "{hint}");
    }
    let none = request("/introspect", API, &[]);
    assert_eq!(refused(world.post(&IntrospectEndpoint, &none).await), ("invalid_request", "KH0203"));
}

#[tokio::test]
async fn a_disabled_client_s_tokens_are_inactive() {
    let world = world().await;
    let (access, refresh) = tokens(&world).await;
    world.register(keyhook_core::Client { disabled: true, ..confidential("shop") }).await;
    assert!(!world.is_active(&access).await && !world.is_active(&refresh).await);
}
