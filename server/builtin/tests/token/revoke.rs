//! Revocation (RFC 7009).

use std::sync::atomic::Ordering;

use keyhook_builtin::endpoints::RevokeEndpoint;
use keyhook_component::audit::Decision;
use serde_json::json;

use crate::support::*;

async fn tokens(world: &World, sender: As<'_>, client: &str) -> (String, String) {
    let code = world.code(client).await;
    let answer = world.redeem(sender, &code).await.unwrap();
    (text(&answer, "access_token").to_owned(), text(&answer, "refresh_token").to_owned())
}

/// RFC 7009 §2.1: with a refresh token the access tokens of the same grant go too; one write.
#[tokio::test]
async fn a_refresh_token_takes_its_family_along_in_one_write() {
    let world = world().await;
    for (sender, client) in [(SHOP, "shop"), (As::Public("app"), "app")] {
        let (access, refresh) = tokens(&world, sender, client).await;
        let before = world.written();
        assert_eq!(world.revoke(sender, &refresh).await.unwrap(), json!({}));
        assert_eq!(world.written(), before + 1);
        assert!(!world.is_active(&access).await && !world.is_active(&refresh).await);
        assert_eq!(refused(world.refresh(sender, &refresh).await), ("invalid_grant", "KH0238"));
        assert_eq!((world.last_event().decision, world.last_event().outcome), (Decision::Token, "invalid_grant"));
    }
}

#[tokio::test]
async fn an_access_token_goes_alone_and_for_good() {
    let world = world().await;
    let (access, refresh) = tokens(&world, SHOP, "shop").await;
    for _ in 0..2 {
        world.revoke(SHOP, &access).await.unwrap();
        assert!(!world.is_active(&access).await);
    }
    assert!(world.is_active(&refresh).await);
    assert!(world.refresh(SHOP, &refresh).await.is_ok());
}

#[tokio::test]
async fn a_spent_refresh_token_still_names_its_family() {
    let world = world().await;
    let (_, refresh) = tokens(&world, SHOP, "shop").await;
    let answer = world.refresh(SHOP, &refresh).await.unwrap();
    world.revoke(SHOP, &refresh).await.unwrap();
    assert!(!world.is_active(text(&answer, "access_token")).await);
}

/// RFC 7009 §2.2: an invalid token is answered with 200.
#[tokio::test]
async fn a_token_that_never_was_is_gone_already() {
    let world = world().await;
    let (access, refresh) = tokens(&world, SHOP, "shop").await;
    for token in [forged(&access), forged(&refresh), rerouted(&access), rerouted(&refresh), "nonsense".into(), "kha_".into()] {
        assert_eq!(world.revoke(SHOP, &token).await.unwrap(), json!({}));
        assert_eq!((world.last_event().decision, world.last_event().outcome), (Decision::Revocation, "unknown"));
    }
    assert!(world.is_active(&access).await && world.is_active(&refresh).await);
}

/// RFC 7009 §2.1: the token must have been issued to the client that wants it revoked.
#[tokio::test]
async fn another_client_s_token_is_not_revoked() {
    let world = world().await;
    let (access, refresh) = tokens(&world, SHOP, "shop").await;
    for token in [&access, &refresh] {
        assert_eq!(refused(world.revoke(RIVAL, token).await), ("unauthorized_client", "KH0266"));
        assert_eq!(refused(world.revoke(As::Public("app"), token).await), ("unauthorized_client", "KH0266"));
        assert_eq!(refused(world.revoke(As::Nobody, token).await).0, "invalid_client");
    }
    assert!(world.is_active(&access).await && world.is_active(&refresh).await);
}

/// RFC 7009 §2.2.1.
#[tokio::test]
async fn a_code_is_no_token_type_that_is_revoked() {
    let world = world().await;
    let code = world.code("shop").await;
    assert_eq!(refused(world.revoke(SHOP, &code).await), ("unsupported_token_type", "KH0267"));
    assert!(world.redeem(SHOP, &code).await.is_ok());
}

/// RFC 7009 §2.2.1: 503 while the revocation cannot be written down, never 200.
#[tokio::test]
async fn a_revocation_that_is_not_durable_is_not_acknowledged() {
    let world = world().await;
    let (access, refresh) = tokens(&world, SHOP, "shop").await;
    world.store.broken.store(true, Ordering::SeqCst);
    for token in [&access, &refresh] {
        assert_eq!(world.revoke(SHOP, token).await.unwrap_err().status(), 503);
    }
    world.store.broken.store(false, Ordering::SeqCst);
    assert!(world.is_active(&access).await && world.is_active(&refresh).await);
}

/// RFC 7009 §2.1: an unknown hint is ignored.
#[tokio::test]
async fn a_wrong_hint_does_not_matter() {
    let world = world().await;
    for hint in ["refresh_token", "nonsense"] {
        let (access, _) = tokens(&world, SHOP, "shop").await;
        let form = [("token", access.as_str()), ("token_type_hint", hint)];
        world.post(&RevokeEndpoint, &request("/revoke", SHOP, &form)).await.unwrap();
        assert!(!world.is_active(&access).await);
    }
}
