//! The forms of access tokens: each is issued, known, described and ended alike, whatever it looks like.

use std::time::Duration;

use http::header;
use keyhook_builtin::endpoints::JwksEndpoint;
use keyhook_component::endpoint::Endpoint as _;
use keyhook_component::record::Kind;
use keyhook_component::store::{Index, Page, Store as _};
use keyhook_core::crypto::Algorithm;
use keyhook_core::jwt::{AccessClaims, JwkSet};
use keyhook_core::{GrantPolicy, TokenPolicy};
use serde_json::json;

use crate::support::*;

const FORMATS: [&str; 4] = ["opaque", "uuid4", "random", "jwt"];

async fn world_of(format: &str) -> World {
    world().await.with_settings(|settings| settings.tokens.format = format.into())
}

async fn own_token(world: &World) -> String {
    text(&world.token(SHOP, &[("grant_type", "client_credentials")]).await.unwrap(), "access_token").to_owned()
}

/// The key set as everybody gets it.
async fn published(world: &World) -> JwkSet {
    let response = JwksEndpoint.answer(&request("/jwks", As::Nobody, &[]), &world.context).await.unwrap();
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/jwk-set+json", "RFC 7517 §8.5.2");
    JwkSet::parse(&response.body).unwrap()
}

/// RFC 7662 §2.2, RFC 7009 §2.1.
#[tokio::test]
async fn a_token_of_any_form_is_described_to_who_may_ask_and_ends_when_revoked() {
    for format in FORMATS {
        let world = world_of(format).await;
        let code = world.code("shop").await;
        let answer = world.redeem(SHOP, &code).await.unwrap();
        let (users, own) = (text(&answer, "access_token").to_owned(), own_token(&world).await);
        let now = world.context.now().seconds();
        let lives = if format == "jwt" { 600 } else { 3600 };
        assert_eq!(answer["expires_in"], lives, "{format}");
        let told = world.introspect(API, &users).await.unwrap();
        assert_eq!(
            (&told["active"], &told["sub"], &told["client_id"], &told["scope"]),
            (&json!(true), &json!("alice"), &json!("shop"), &json!("read write"))
        );
        assert_eq!((&told["iat"], &told["exp"], &told["token_type"]), (&json!(now), &json!(now + lives), &json!("Bearer")), "{format}");
        let told = world.introspect(API, &own).await.unwrap();
        assert_eq!((told["active"] == true, told.get("sub")), (true, None), "{format}: a client is no user (RFC 9700 §4.15)");
        assert_eq!(world.introspect(RIVAL, &users).await.unwrap(), json!({ "active": false }), "{format}: none of its business");
        // Another client's token is not revoked, and its sender is told.
        assert_eq!(refused(world.revoke(RIVAL, &own).await), ("unauthorized_client", "KH0266"), "{format}");
        for token in [&users, &own] {
            for _ in 0..2 {
                assert_eq!(world.revoke(SHOP, token).await.unwrap(), json!({}));
                assert!(!world.is_active(token).await, "{format}");
            }
        }
        assert!(world.is_active(&own_token(&world).await).await, "{format}: others live on");
    }
}

#[tokio::test]
async fn a_token_of_any_form_ends_with_its_time_its_grant_and_its_client() {
    for format in FORMATS {
        let world = world_of(format).await;
        let code = world.code("shop").await;
        let answer = world.redeem(SHOP, &code).await.unwrap();
        let (users, own) = (text(&answer, "access_token").to_owned(), own_token(&world).await);
        world.revoke(SHOP, text(&answer, "refresh_token")).await.unwrap();
        assert!(!world.is_active(&users).await && world.is_active(&own).await, "{format}: the grant has ended");
        world.register(keyhook_core::Client { disabled: true, ..confidential("shop") }).await;
        assert!(!world.is_active(&own).await, "{format}: the client is disabled");
        world.register(confidential("shop")).await;
        assert!(world.is_active(&own).await);
        world.clock.advance(Duration::from_hours(1));
        assert!(!world.is_active(&own).await, "{format}: its time is over");
    }
}

/// What was issued in one form stays known when the server or the client changes to another.
#[tokio::test]
async fn a_change_of_form_leaves_no_token_unknown() {
    let mut tokens = Vec::new();
    let mut world = world().await;
    for format in FORMATS {
        let policy = TokenPolicy { format: Some(format.into()), ..TokenPolicy::default() };
        world.register(keyhook_core::Client { tokens: policy, ..confidential("shop") }).await;
        tokens.push(own_token(&world).await);
    }
    world = world.with_settings(|settings| settings.tokens.random_length = 60);
    for token in &tokens {
        assert!(world.is_active(token).await, "{token}");
    }
    assert!(tokens[0].starts_with("kha_") && tokens[1].len() == 36 && tokens[2].len() == 40 && tokens[3].starts_with("ey"), "{tokens:?}");
    let policy = TokenPolicy { format: Some("paseto".into()), ..TokenPolicy::default() };
    world.register(keyhook_core::Client { tokens: policy, ..confidential("shop") }).await;
    assert_eq!(refused(world.token(SHOP, &[("grant_type", "client_credentials")]).await).0, "server_error", "no form is never another one");
}

/// RFC 9068 §2.2; nothing is written for it.
#[tokio::test]
async fn a_jwt_says_what_resource_servers_need_and_leaves_no_row() {
    for algorithm in Algorithm::ALL {
        let world = world().await.with_settings(|settings| {
            settings.tokens.format = "jwt".into();
            settings.tokens.rotation.algorithm = algorithm;
            settings.tokens.audience = Some("https://api.example".into());
        });
        assert!(published(&world).await.keys().is_empty(), "no stranger makes the server make keys");
        let code = world.code("shop").await;
        let token = text(&world.redeem(SHOP, &code).await.unwrap(), "access_token").to_owned();
        let keys = published(&world).await;
        let claims = AccessClaims::verify(&token, &keys, "https://id.example", world.context.now()).unwrap();
        let now = world.context.now().seconds();
        assert_eq!(
            (&*claims.sub, &*claims.client_id, &*claims.aud, &*claims.scope),
            ("alice", "shop", "https://api.example", "read write")
        );
        assert_eq!((claims.iat, claims.exp, claims.auth_time, &*claims.amr), (now, now + 600, Some(now), &["pwd".to_owned()][..]));
        assert_eq!(keys.keys().iter().map(|key| key.key.algorithm()).collect::<Vec<_>>(), [algorithm]);
        let page = Page { after: None, limit: 10 };
        assert!(world.store.list(Kind::AccessToken, &Index::All, page).await.unwrap().is_empty());
        let own = AccessClaims::verify(&own_token(&world).await, &keys, "https://id.example", world.context.now()).unwrap();
        assert_eq!((&*own.sub, own.is_client_itself(), own.auth_time), ("shop", true, None));
        let told = world.introspect(API, &token).await.unwrap();
        assert_eq!((&told["aud"], &told["jti"]), (&json!("https://api.example"), &json!(claims.jti)));
    }
}

/// A token of another issuer, of an unknown key, or of this server under another name is none.
#[tokio::test]
async fn a_jwt_that_this_server_did_not_sign_is_inactive() {
    let (ours, theirs) = (world_of("jwt").await, world_of("jwt").await);
    let (own, foreign) = (own_token(&ours).await, own_token(&theirs).await);
    assert!(ours.is_active(&own).await && !ours.is_active(&foreign).await);
    assert_eq!(ours.revoke(SHOP, &foreign).await.unwrap(), json!({}), "RFC 7009 §2.2: an invalid token is no error");
    let renamed = ours.clone().with_settings(|settings| {
        settings.tokens.format = "jwt".into();
        settings.issuer = keyhook_core::metadata::Issuer::parse("https://other.example").unwrap();
    });
    assert!(!renamed.is_active(&own).await);
}

/// Keys change without a flag day: published before they sign, and for as long as what they signed may live.
#[tokio::test]
async fn signing_keys_rotate_and_every_live_token_stays_verifiable() {
    let world = world_of("jwt").await;
    let (day, issuer) = (Duration::from_hours(24), "https://id.example");
    let kid = |world: &World, token: &str, keys: &JwkSet| {
        AccessClaims::verify(token, keys, issuer, world.context.now()).unwrap();
        keyhook_core::jwt::Unverified::parse(token).unwrap().kid().unwrap().to_owned()
    };
    let first = own_token(&world).await;
    let known = published(&world).await;
    let first_kid = kid(&world, &first, &known);
    world.clock.advance(89 * day);
    let announced = published(&world).await;
    assert_eq!(announced.keys().len(), 2, "the next key is known a day before");
    assert_eq!(kid(&world, &own_token(&world).await, &known), first_kid, "whoever kept the old set still verifies everything");
    world.clock.advance(day);
    let last_of_first = own_token(&world).await;
    let second_kid = kid(&world, &last_of_first, &announced);
    assert_ne!(second_kid, first_kid, "and after the change, whoever keeps the announced set");
    assert_eq!(published(&world).await.keys().len(), 2, "the retired key stays for what it signed");
    world.clock.advance(2 * day);
    let left = published(&world).await;
    assert_eq!(left.keys().iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), [second_kid]);
}

/// RFC 9068 §2.2.1, and the lifetimes of policies: client's grant, client, server's grant, form.
#[tokio::test]
async fn the_narrowest_lifetime_that_somebody_set_holds_and_no_jwt_lives_longer_than_a_day() {
    let grants = |ttl: u64| {
        std::collections::BTreeMap::from([(
            "client_credentials".to_owned(),
            GrantPolicy { access_ttl: Some(ttl), ..GrantPolicy::default() },
        )])
    };
    for (format, of_server, of_client, of_clients_grant, lives) in [
        ("opaque", None, None, None, 3600),
        ("opaque", Some(50), None, None, 50),
        ("opaque", Some(50), Some(70), None, 70),
        ("opaque", Some(50), Some(70), Some(90), 90),
        ("jwt", None, None, None, 600),
        ("jwt", None, Some(1_000_000), None, 86_400),
    ] {
        let world = world().await.with_settings(|settings| {
            settings.tokens.format = format.into();
            settings.tokens.grants = of_server.map(grants).unwrap_or_default();
        });
        let tokens = TokenPolicy { grants: of_clients_grant.map(grants).unwrap_or_default(), ..TokenPolicy::default() };
        world.register(keyhook_core::Client { access_ttl: of_client, tokens, ..confidential("shop") }).await;
        assert_eq!(
            world.token(SHOP, &[("grant_type", "client_credentials")]).await.unwrap()["expires_in"],
            lives,
            "{format} {of_server:?} {of_client:?}"
        );
    }
}

/// python-oauth2's unique tokens: same client, user, grant type and scope.
#[tokio::test]
async fn a_client_that_reuses_tokens_gets_the_live_one_again_until_it_ends() {
    for format in FORMATS {
        let world = world_of(format).await;
        let policy = || TokenPolicy { reuse: true, ..TokenPolicy::default() };
        world.register(keyhook_core::Client { tokens: policy(), ..confidential("shop") }).await;
        world.register(keyhook_core::Client { tokens: policy(), ..confidential("rival") }).await;
        let redeem = async |client: As<'static>, id: &str| {
            let code = world.code(id).await;
            world.redeem(client, &code).await.unwrap()
        };
        let first = redeem(SHOP, "shop").await;
        world.clock.advance(Duration::from_mins(1));
        let second = redeem(SHOP, "shop").await;
        assert_eq!(first["access_token"], second["access_token"], "{format}");
        assert_eq!(second["expires_in"].as_u64().unwrap() + 60, first["expires_in"].as_u64().unwrap(), "what is left of it");
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        assert_ne!(redeem(RIVAL, "rival").await["access_token"], first["access_token"], "another client's");
        world.revoke(SHOP, text(&first, "access_token")).await.unwrap();
        assert_ne!(redeem(SHOP, "shop").await["access_token"], first["access_token"], "{format}: a dead one is not given again");
        let fresh = redeem(SHOP, "shop").await;
        world.clock.advance(Duration::from_hours(2));
        assert_ne!(redeem(SHOP, "shop").await["access_token"], fresh["access_token"], "{format}: an ended one neither");
        // The client itself is no user, and gets a new one each time.
        assert_ne!(own_token(&world).await, own_token(&world).await);
    }
}

/// RFC 6749 §6: whether a refresh token is exchanged is the server's to say; RFC 9700 §4.14.2: of public clients it is.
#[tokio::test]
async fn a_refresh_token_that_does_not_rotate_stays_good_until_its_family_ends() {
    let world = world().await;
    let tokens = TokenPolicy { rotate: false, ..TokenPolicy::default() };
    world.register(keyhook_core::Client { tokens, ..confidential("shop") }).await;
    let code = world.code("shop").await;
    let refresh = text(&world.redeem(SHOP, &code).await.unwrap(), "refresh_token").to_owned();
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(5));
        let answer = world.refresh(SHOP, &refresh).await.unwrap();
        assert_eq!(answer.get("refresh_token"), None);
        assert!(world.is_active(text(&answer, "access_token")).await);
    }
    assert_eq!(refused(world.refresh(RIVAL, &refresh).await).0, "invalid_grant");
    assert_eq!(refused(world.refresh(SHOP, &refresh).await).0, "invalid_grant", "it leaked: the family has ended (RFC 9700 §4.14)");
}

/// Lifetime and refresh are not coupled: a grant type may go without refresh tokens, for one client or all.
#[tokio::test]
async fn a_policy_may_withhold_the_refresh_token_of_a_grant() {
    let no = || {
        std::collections::BTreeMap::from([(
            "authorization_code".to_owned(),
            GrantPolicy { refresh: Some(false), ..GrantPolicy::default() },
        )])
    };
    let of_all = world().await.with_settings(|settings| settings.tokens.grants = no());
    let of_one = world().await;
    of_one.register(keyhook_core::Client { tokens: TokenPolicy { grants: no(), ..TokenPolicy::default() }, ..confidential("shop") }).await;
    for world in [of_all, of_one] {
        let code = world.code("shop").await;
        let answer = world.redeem(SHOP, &code).await.unwrap();
        assert!(answer.get("refresh_token").is_none() && answer["expires_in"] == 3600, "{answer}");
    }
}
