//! `authorization_code` (RFC 6749 §4.1.3): a code is good once, for its client, with its redirect URI and its verifier.

use std::time::Duration;

use keyhook_component::audit::Decision;
use keyhook_component::batch::Batch;
use keyhook_component::record::Key;
use keyhook_component::records::{NotBefore, Stored};
use keyhook_core::Client;
use keyhook_core::time::Timestamp;
use serde_json::json;

use crate::support::*;

/// RFC 6749 §5.1.
#[tokio::test]
async fn a_code_becomes_an_access_and_a_refresh_token_of_its_user() {
    let world = world().await;
    let code = world.code("app").await;
    let answer = world.redeem(As::Public("app"), &code).await.unwrap();
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    let expected = json!({
        "access_token": access, "token_type": "Bearer", "expires_in": 3600, "scope": "read write", "refresh_token": refresh
    });
    assert_eq!(answer, expected);
    let seen = world.introspect(API, access).await.unwrap();
    assert_eq!((&seen["sub"], &seen["client_id"], &seen["iss"]), (&json!("alice"), &json!("app"), &json!("https://id.example")));
    assert_eq!(world.audit.0.lock().unwrap()[0].subject.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_client_that_may_not_refresh_gets_no_refresh_token() {
    let world = world().await;
    world.register(Client { grant_types: vec!["authorization_code".into()], ..confidential("shop") }).await;
    let code = world.code("shop").await;
    assert_eq!(world.redeem(SHOP, &code).await.unwrap().get("refresh_token"), None);
}

/// RFC 6749 §4.1.2: the client MUST NOT use the code more than once; if it does, the server MUST deny and SHOULD revoke all tokens.
#[tokio::test]
async fn a_code_that_comes_twice_is_refused_and_ends_everything_it_gave() {
    for wait in [0, 1, 30, 540] {
        let world = world().await;
        let code = world.code("shop").await;
        let answer = world.redeem(SHOP, &code).await.unwrap();
        let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
        assert!(world.is_active(access).await && world.is_active(refresh).await);
        world.clock.advance(Duration::from_secs(wait));
        assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0237"), "{wait} s");
        assert_eq!(world.last_event().decision, Decision::Replay);
        assert!(!world.is_active(access).await && !world.is_active(refresh).await);
        assert_eq!(refused(world.refresh(SHOP, refresh).await).0, "invalid_grant");
    }
}

/// RFC 6749 §4.1.3: the code MUST have been issued to the authenticated client. Nobody ends other people's grants with a guess.
#[tokio::test]
async fn a_spent_code_in_other_hands_or_with_another_secret_revokes_nothing() {
    let world = world().await;
    let code = world.code("shop").await;
    let answer = world.redeem(SHOP, &code).await.unwrap();
    assert_eq!(refused(world.redeem(RIVAL, &code).await), ("invalid_grant", "KH0232"));
    assert_eq!(refused(world.redeem(SHOP, &forged(&code)).await), ("invalid_grant", "KH0230"));
    assert_eq!(refused(world.redeem(As::Basic("shop", "wrong"), &code).await).0, "invalid_client");
    assert!(world.is_active(text(&answer, "access_token")).await);
    assert!(world.is_active(text(&answer, "refresh_token")).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_code_looks_the_same_outside_and_burns_nothing() {
    let world = world().await;
    let code = world.code("shop").await;
    let access = text(&world.token(SHOP, &[("grant_type", "client_credentials")]).await.unwrap(), "access_token").to_owned();
    let before = world.written();
    let form =
        |code, uri, verifier| [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", verifier)];
    let wrong_verifier = VERIFIER.replace('d', "e");
    let (forged, rerouted) = (forged(&code), rerouted(&code));
    let mut bodies = std::collections::BTreeSet::new();
    for (sender, form, kh) in [
        (RIVAL, form(&code, REDIRECT, VERIFIER), "KH0232"),
        (SHOP, form(&forged, REDIRECT, VERIFIER), "KH0230"),
        (SHOP, form(&rerouted, REDIRECT, VERIFIER), "KH0230"),
        (SHOP, form("khc_nonsense", REDIRECT, VERIFIER), "KH0230"),
        (SHOP, form(&access, REDIRECT, VERIFIER), "KH0230"),
        (SHOP, form(&code, REDIRECT, ""), "KH0234"),
        (SHOP, form(&code, REDIRECT, &wrong_verifier), "KH0235"),
        (SHOP, form(&code, REDIRECT, "short"), "KH0236"),
    ] {
        let error = world.token(sender, &form).await.unwrap_err();
        assert_eq!((error.code.wire(), error.kh), ("invalid_grant", kh));
        bodies.insert(error.json());
    }
    assert_eq!(bodies.len(), 1, "RFC 6749 §5.2");
    assert_eq!(world.written(), before);
    assert!(world.redeem(SHOP, &code).await.is_ok(), "the code was not burnt");
}

/// RFC 6749 §10.6: a code that was sent to another URI than the client believes is nobody's any more.
#[tokio::test]
async fn another_redirect_uri_burns_the_code() {
    let world = world().await;
    for uri in ["https://shop.example/cb/", ""] {
        let code = world.code("shop").await;
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri), ("code_verifier", VERIFIER)];
        assert_eq!(refused(world.token(SHOP, &form).await), ("invalid_grant", "KH0233"));
        assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0237"));
    }
}

/// RFC 6749 §4.1.2: the code MUST expire shortly after it is issued.
#[tokio::test]
async fn an_expired_code_is_refused() {
    let world = world().await;
    let code = world.code("shop").await;
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0231"));
}

/// RFC 7636 §4.5 and RFC 9700 §2.1.1.
#[tokio::test]
async fn a_code_without_challenge_is_worthless_to_a_client_that_needs_one() {
    let world = world().await;
    let code = world.code_with("shop", |_, code| code.body.challenge = None).await;
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0234"), "a verifier that nobody asked for");
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT)];
    assert_eq!(refused(world.token(SHOP, &form).await), ("invalid_grant", "KH0234"));
    world.register(Client { require_pkce: false, ..confidential("shop") }).await;
    assert!(world.token(SHOP, &form).await.is_ok(), "a confidential client may be let off");
}

#[tokio::test]
async fn a_code_is_refused_after_its_user_signed_out_everywhere_or_its_client_was_revoked() {
    let world = world().await;
    let code = world.code("shop").await;
    let born = world.context.now();
    world.register(Client { not_before: born, ..confidential("shop") }).await;
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0238"));
    world.register(confidential("shop")).await;
    let mark = Stored::new(Key::named("alice"), Timestamp::MAX, NotBefore { instant: born });
    let _ = world.context.records.apply(Batch::new().with(mark.put().unwrap())).await.unwrap();
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0238"));
}

#[tokio::test]
async fn nothing_outlives_the_grant() {
    let world = world().await;
    let end = world.context.now().plus(Duration::from_secs(40));
    let code = world.code_with("shop", |grant, _| grant.expires_at = end).await;
    let answer = world.redeem(SHOP, &code).await.unwrap();
    assert_eq!(answer["expires_in"], 40);
    assert_eq!(world.introspect(API, text(&answer, "refresh_token")).await.unwrap()["exp"], end.seconds());
    let late = world.code_with("shop", |grant, _| grant.expires_at = end).await;
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(refused(world.redeem(SHOP, &late).await), ("invalid_grant", "KH0238"));
    assert!(!world.is_active(text(&answer, "access_token")).await);
}

#[tokio::test]
async fn a_replay_that_cannot_be_written_down_is_not_acknowledged() {
    let world = world().await;
    let code = world.code("shop").await;
    let answer = world.redeem(SHOP, &code).await.unwrap();
    world.store.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.redeem(SHOP, &code).await.unwrap_err().status(), 503);
    world.store.broken.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0237"));
    assert!(!world.is_active(text(&answer, "access_token")).await);
}
