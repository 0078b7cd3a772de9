//! The resource owner password grant (RFC 6749 §4.3).

use std::time::Duration;

use keyhook_builtin::hash_password;
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{Stored, User};
use keyhook_core::time::Timestamp;
use keyhook_core::{Client, GrantPolicy, TokenPolicy};

use crate::support::*;

/// `shop` may use the grant, and `alice` has a password.
async fn world_with_alice() -> World {
    let world = world().await.with_settings(|settings| settings.tokens.password = true);
    let mut shop = confidential("shop");
    shop.grant_types.push("password".into());
    world.register(shop).await;
    set_password(&world, "wonderland", false).await;
    world
}

async fn set_password(world: &World, password: &str, disabled: bool) {
    let user = User { password: Some(hash_password(password, &[7; 16]).unwrap()), name: None, disabled, created_at: Timestamp::ZERO };
    let put = Stored::new(Key::named("alice"), Timestamp::MAX, user).put().unwrap();
    assert_eq!(world.context.records.apply(Batch::new().with(put)).await.unwrap(), Applied::Applied);
}

async fn ask(world: &World, user: &str, password: &str, scope: &str) -> Answer {
    world.token(SHOP, &[("grant_type", "password"), ("username", user), ("password", password), ("scope", scope)]).await
}

/// RFC 6749 §4.3.3.
#[tokio::test]
async fn a_user_s_password_brings_tokens_that_live_and_end_like_all_others() {
    let world = world_with_alice().await;
    let answer = ask(&world, "alice", "wonderland", "write").await.unwrap();
    assert_eq!((&answer["scope"], &answer["expires_in"], &answer["token_type"]), (&"write".into(), &3600.into(), &"Bearer".into()));
    let told = world.introspect(API, text(&answer, "access_token")).await.unwrap();
    assert_eq!((&told["sub"], &told["client_id"]), (&"alice".into(), &"shop".into()));
    let next = world.refresh(SHOP, text(&answer, "refresh_token")).await.unwrap();
    assert!(world.is_active(text(&next, "access_token")).await);
    world.revoke(SHOP, text(&next, "refresh_token")).await.unwrap();
    assert!(!world.is_active(text(&answer, "access_token")).await && !world.is_active(text(&next, "access_token")).await);
}

/// RFC 6749 §5.2: `invalid_grant` for the resource owner's credentials; all that is wrong looks the same.
#[tokio::test]
async fn whatever_is_wrong_with_user_or_password_is_one_error() {
    let world = world_with_alice().await;
    let long = "x".repeat(2000);
    for (user, password) in [("alice", "Wonderland"), ("bob", "wonderland"), ("alice", long.as_str()), (long.as_str(), "wonderland")] {
        let error = ask(&world, user, password, "read").await.unwrap_err();
        assert_eq!((error.status(), error.code.wire()), (400, "invalid_grant"), "{error:?}");
        assert!(!format!("{error:?}").contains(password), "{error:?}");
    }
    set_password(&world, "wonderland", true).await;
    assert_eq!(refused(ask(&world, "alice", "wonderland", "read").await).0, "invalid_grant");
    for form in [&[("grant_type", "password"), ("username", "alice")][..], &[("grant_type", "password"), ("password", "x")]] {
        assert_eq!(refused(world.token(SHOP, form).await).0, "invalid_request");
    }
    set_password(&world, "wonderland", false).await;
    assert_eq!(refused(ask(&world, "alice", "wonderland", "admin").await).0, "invalid_scope");
    assert_eq!(
        refused(world.token(RIVAL, &[("grant_type", "password"), ("username", "alice"), ("password", "wonderland")]).await).0,
        "unauthorized_client"
    );
}

/// RFC 6749 §4.3.2: the server MUST protect the endpoint against brute force attacks.
#[tokio::test]
async fn guesses_are_counted_per_user_and_the_right_password_does_not_help_then() {
    let world = world_with_alice().await;
    for _ in 0..5 {
        assert_eq!(refused(ask(&world, "alice", "guess", "read").await).0, "invalid_grant");
    }
    let error = ask(&world, "alice", "wonderland", "read").await.unwrap_err();
    assert_eq!(error.status(), 429);
    assert!(error.retry_after.is_some_and(|seconds| (1..=600).contains(&seconds)));
    world.clock.advance(Duration::from_mins(11));
    assert!(ask(&world, "alice", "wonderland", "read").await.is_ok());
    for _ in 0..20 {
        assert!(ask(&world, "alice", "wonderland", "read").await.is_ok(), "whoever knows it is never counted out");
    }
}

#[tokio::test]
async fn the_grant_is_off_until_it_is_switched_on() {
    let world = world_with_alice().await.with_settings(|_| {});
    assert_eq!(refused(ask(&world, "alice", "wonderland", "read").await).0, "unsupported_grant_type");
}

/// A client that guesses at many users is stopped, too.
#[tokio::test]
async fn guesses_are_counted_per_client() {
    let world = world_with_alice().await.with_settings(|settings| {
        settings.tokens.password = true;
        settings.attempts_per_address = 8;
    });
    for user in 0..8 {
        assert_eq!(refused(ask(&world, &format!("user-{user}"), "guess", "read").await).0, "invalid_grant");
    }
    assert_eq!(ask(&world, "alice", "wonderland", "read").await.unwrap_err().status(), 429);
}

/// python-oauth2 gave every token that ends a refresh token; here one is had without the other.
#[tokio::test]
async fn the_refresh_token_of_the_grant_can_be_withheld_and_its_lifetime_set() {
    let world = world_with_alice().await;
    let own = GrantPolicy { access_ttl: Some(120), refresh_ttl: None, refresh: Some(false) };
    let tokens = TokenPolicy { grants: [("password".to_owned(), own)].into(), ..TokenPolicy::default() };
    let mut shop = Client { tokens, ..confidential("shop") };
    shop.grant_types.push("password".into());
    world.register(shop).await;
    let answer = ask(&world, "alice", "wonderland", "read").await.unwrap();
    assert!(answer.get("refresh_token").is_none() && answer["expires_in"] == 120, "{answer}");
}

/// python-oauth2 compared the scopes as lists; RFC 6749 §3.3: their order does not matter.
#[tokio::test]
async fn a_live_token_is_given_again_for_the_same_scope_in_any_order_and_for_no_other() {
    let world = world_with_alice().await;
    let mut shop = Client { tokens: TokenPolicy { reuse: true, ..TokenPolicy::default() }, ..confidential("shop") };
    shop.grant_types.push("password".into());
    world.register(shop).await;
    let token = async |scope: &str| text(&ask(&world, "alice", "wonderland", scope).await.unwrap(), "access_token").to_owned();
    let both = token("read write").await;
    assert_eq!(token("write read").await, both);
    assert!(token("read").await != both && token("write").await != both);
}
