//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14): rotated, bound, one head to a family.

use std::time::Duration;

use keyhook_component::audit::Decision;
use keyhook_component::record::{Key, Kind, State};
use keyhook_component::store::{Index, Page, Store};
use keyhook_core::Client;
use keyhook_core::scope::Scope;

use crate::support::*;

/// A family of `client`, begun by a code: access and refresh token.
async fn family(world: &World, sender: As<'_>, client: &str) -> (String, String) {
    let code = world.code(client).await;
    let answer = world.redeem(sender, &code).await.unwrap();
    (text(&answer, "access_token").to_owned(), text(&answer, "refresh_token").to_owned())
}

/// How many refresh tokens are live: the heads of a world that has one family.
pub async fn heads(world: &World) -> usize {
    let page = Page { after: None, limit: 10_000 };
    let all = world.store.list(Kind::RefreshToken, &Index::All, page).await.unwrap();
    all.iter().filter(|record| record.state == State::Live).count()
}

/// RFC 9700 §2.2.2: refresh tokens for public clients MUST be sender-constrained or rotated; here all are rotated.
#[tokio::test]
async fn every_refresh_rotates_and_the_family_keeps_one_head() {
    let world = world().await;
    for (sender, client) in [(SHOP, "shop"), (As::Public("app"), "app")] {
        let (_, mut token) = family(&world, sender, client).await;
        let before = heads(&world).await;
        for _ in 0..3 {
            let answer = world.refresh(sender, &token).await.unwrap();
            assert_ne!(text(&answer, "refresh_token"), token);
            token = text(&answer, "refresh_token").to_owned();
            assert_eq!(heads(&world).await, before);
            assert!(world.is_active(text(&answer, "access_token")).await);
        }
    }
}

#[tokio::test]
async fn within_the_grace_the_same_client_gets_the_same_successor_again() {
    let world = world().await;
    let (_, first) = family(&world, SHOP, "shop").await;
    let answer = world.refresh(SHOP, &first).await.unwrap();
    world.clock.advance(Duration::from_millis(9_999));
    let again = world.refresh(SHOP, &first).await.unwrap();
    assert_eq!(again["refresh_token"], answer["refresh_token"]);
    assert_ne!(again["access_token"], answer["access_token"]);
    assert_eq!(heads(&world).await, 1);
    assert!(world.refresh(SHOP, text(&again, "refresh_token")).await.is_ok());
}

/// RFC 9700 §4.14.2: the server revokes the family of a refresh token that was used before.
#[tokio::test]
async fn after_the_grace_a_spent_token_is_a_replay_and_the_family_ends() {
    let world = world().await;
    let (access, first) = family(&world, SHOP, "shop").await;
    let answer = world.refresh(SHOP, &first).await.unwrap();
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(refused(world.refresh(SHOP, &first).await), ("invalid_grant", "KH0243"));
    assert_eq!(world.last_event().decision, Decision::Replay);
    assert!(!world.is_active(&access).await);
    assert!(!world.is_active(text(&answer, "access_token")).await);
    assert_eq!(refused(world.refresh(SHOP, text(&answer, "refresh_token")).await), ("invalid_grant", "KH0238"));
}

#[tokio::test]
async fn a_token_whose_successor_has_been_used_is_a_replay_even_within_the_grace() {
    let world = world().await;
    let (_, first) = family(&world, SHOP, "shop").await;
    let second = world.refresh(SHOP, &first).await.unwrap();
    let third = world.refresh(SHOP, text(&second, "refresh_token")).await.unwrap();
    assert_eq!(refused(world.refresh(SHOP, &first).await), ("invalid_grant", "KH0243"));
    assert!(!world.is_active(text(&third, "access_token")).await);
}

#[tokio::test]
async fn without_a_grace_the_second_use_is_a_replay_and_nothing_is_sealed() {
    let world = world().await.with_settings(|settings| settings.refresh_grace = Duration::ZERO);
    let (_, first) = family(&world, SHOP, "shop").await;
    let answer = world.refresh(SHOP, &first).await.unwrap();
    assert_eq!(refused(world.refresh(SHOP, &first).await), ("invalid_grant", "KH0243"));
    assert!(!world.is_active(text(&answer, "access_token")).await);
    let all = world.store.list(Kind::RefreshToken, &Index::All, Page { after: None, limit: 10 }).await.unwrap();
    assert!(all.iter().all(|record| !String::from_utf8_lossy(&record.body).contains("successor")));
}

/// RFC 6749 §6: the refresh token is bound to the client to which it was issued.
#[tokio::test]
async fn a_guessed_refresh_token_is_refused_and_revokes_nothing() {
    let world = world().await;
    let (access, token) = family(&world, SHOP, "shop").await;
    assert_eq!(refused(world.refresh(RIVAL, &forged(&token)).await), ("invalid_grant", "KH0240"));
    assert_eq!(refused(world.refresh(As::Public("shop"), &token).await).0, "invalid_client");
    assert_eq!(refused(world.refresh(SHOP, &forged(&token)).await), ("invalid_grant", "KH0240"));
    assert_eq!(refused(world.refresh(SHOP, &rerouted(&token)).await), ("invalid_grant", "KH0240"));
    assert_eq!(refused(world.refresh(SHOP, &access).await), ("invalid_grant", "KH0240"));
    let answer = world.refresh(SHOP, &token).await.unwrap();
    assert!(world.is_active(text(&answer, "access_token")).await);
}

/// RFC 9700 §4.14: a refresh token in the hands of another client has leaked, live or spent, and its family ends.
#[tokio::test]
async fn a_refresh_token_in_the_hands_of_another_client_ends_its_family() {
    for (thief, used) in [(RIVAL, false), (RIVAL, true), (As::Public("app"), false)] {
        let world = world().await;
        let (mut access, token) = family(&world, SHOP, "shop").await;
        if used {
            access = text(&world.refresh(SHOP, &token).await.unwrap(), "access_token").to_owned();
        }
        assert_eq!(refused(world.refresh(thief, &token).await), ("invalid_grant", "KH0242"));
        assert!(!world.is_active(&access).await);
        assert_eq!(refused(world.refresh(SHOP, &token).await).0, "invalid_grant");
    }
}

/// RFC 6749 §6: the scope MUST NOT include any scope not originally granted; the new refresh token keeps the old scope.
#[tokio::test]
async fn a_refresh_may_ask_for_less_and_never_for_more() {
    let world = world().await;
    let (_, token) = family(&world, SHOP, "shop").await;
    let form = |token, scope| [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
    assert_eq!(refused(world.token(SHOP, &form(&token, "read admin")).await), ("invalid_scope", "KH0244"));
    let less = world.token(SHOP, &form(&token, "write")).await.unwrap();
    assert_eq!(text(&less, "scope"), "write");
    let all = world.refresh(SHOP, text(&less, "refresh_token")).await.unwrap();
    assert_eq!(text(&all, "scope"), "read write");
}

#[tokio::test]
async fn a_token_that_is_not_used_expires() {
    let world = world().await;
    world.register(Client { refresh_ttl: Some(100), ..confidential("shop") }).await;
    let (_, token) = family(&world, SHOP, "shop").await;
    world.clock.advance(Duration::from_secs(99));
    let answer = world.refresh(SHOP, &token).await.unwrap();
    world.clock.advance(Duration::from_secs(100));
    assert_eq!(refused(world.refresh(SHOP, text(&answer, "refresh_token")).await), ("invalid_grant", "KH0241"));
}

#[tokio::test]
async fn however_often_it_is_refreshed_a_family_ends_with_its_grant() {
    let world = world().await.with_settings(|settings| settings.lifetimes.grant = Duration::from_secs(100));
    let (_, mut token) = family(&world, SHOP, "shop").await;
    for _ in 0..9 {
        world.clock.advance(Duration::from_secs(11));
        let answer = world.refresh(SHOP, &token).await.unwrap();
        token = text(&answer, "refresh_token").to_owned();
    }
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(refused(world.refresh(SHOP, &token).await).0, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_that_is_not_written_spends_nothing() {
    let world = world().await;
    let (_, token) = family(&world, SHOP, "shop").await;
    world.store.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.refresh(SHOP, &token).await.unwrap_err().status(), 503);
    world.store.broken.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(world.refresh(SHOP, &token).await.is_ok());
}

#[tokio::test]
async fn the_store_holds_no_token_that_could_be_used() {
    let world = world().await;
    let (access, first) = family(&world, SHOP, "shop").await;
    let answer = world.refresh(SHOP, &first).await.unwrap();
    let secrets = [&access, &first, text(&answer, "refresh_token"), text(&answer, "access_token")].map(|token| token[25..60].to_owned());
    for kind in [Kind::AccessToken, Kind::RefreshToken, Kind::Code, Kind::Grant] {
        for record in world.store.list(kind, &Index::All, Page { after: None, limit: 100 }).await.unwrap() {
            let dump = format!("{} {:?}", String::from_utf8_lossy(&record.body), record.key);
            assert!(secrets.iter().all(|secret| !dump.contains(secret.as_str())), "{dump}");
            assert!(matches!(record.key, Key::Issued(_)));
        }
    }
}

/// What an operator takes from a client is gone with its next token, and not a year later.
#[tokio::test]
async fn a_scope_that_was_taken_from_the_client_is_issued_no_more() {
    let world = world().await;
    let (_, token) = family(&world, SHOP, "shop").await;
    let only = |scope: &str| Client { scope: Scope::parse(scope).unwrap(), default_scope: Scope::empty(), ..confidential("shop") };
    world.register(only("read")).await;
    let answer = world.refresh(SHOP, &token).await.unwrap();
    assert_eq!(answer["scope"], "read", "and the client is told (RFC 6749 §5.1)");
    let code = world.code("shop").await;
    assert_eq!(world.redeem(SHOP, &code).await.unwrap()["scope"], "read");

    world.register(only("other")).await;
    let token = text(&answer, "refresh_token");
    assert_eq!(
        refused(world.refresh(SHOP, token).await),
        ("invalid_scope", "KH0212"),
        "no token without any scope in place of one with some"
    );
    world.register(only("read write")).await;
    assert_eq!(world.refresh(SHOP, token).await.unwrap()["scope"], "read write", "the refused request spent nothing");
}
