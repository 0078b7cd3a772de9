#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use keyhook_core::crypto::PrivateKey;
use keyhook_core::jwt::{AccessClaims, AccessTokenWriter, JwkSet};
use serde_json::{Value, json};

use super::doubles::{API, ISSUER, Issuer, Key, NOW};
use super::*;
use crate::Introspection;
use crate::fetch::{Fetch, FetchError};
use crate::principal::Identity;

async fn verify(guard: &impl Verifier, token: &str, now: Timestamp) -> Result<Principal, Refused> {
    guard.verify(&Secret::new(token.to_owned()), now).await
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

/// RFC 9068 §2.2: what keyhook writes is read, with both algorithms, and the keys are fetched once.
#[tokio::test]
async fn a_signed_token_says_who_it_is() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let writer = AccessTokenWriter::new(algorithm, PrivateKey::generate(algorithm).unwrap().expose()).unwrap();
        let claims = AccessClaims {
            iss: ISSUER.into(),
            sub: "alice".into(),
            aud: API.into(),
            client_id: "shop".into(),
            exp: NOW.seconds() + 600,
            iat: NOW.seconds(),
            jti: "1".into(),
            scope: "read write".into(),
            auth_time: None,
            acr: None,
            amr: vec!["pwd".into()],
            client_attributes: serde_json::Map::new(),
            token_attributes: json!({ "tenant": "acme" }).as_object().unwrap().clone(),
        };
        let issuer = Issuer::publishing(&[]);
        *issuer.published.lock().unwrap() = Some(String::from_utf8(JwkSet::new(vec![writer.jwk().clone()]).json()).unwrap());
        let guard = issuer.guard();
        for _ in 0..3 {
            let principal = verify(&guard, writer.write(&claims).unwrap().expose(), NOW).await.unwrap();
            assert_eq!(*principal.identity(), Identity::ClientForUser { client: "shop".to_owned(), user: "alice".to_owned() });
            assert_eq!((principal.scope().as_str(), principal.audience()), ("read write", &[API.to_owned()][..]));
            assert_eq!(principal.attribute("amr"), Some(&json!(["pwd"])));
            assert_eq!((principal.token_attribute("tenant"), principal.client_attribute("tenant")), (Some(&json!("acme")), None));
        }
        assert_eq!(issuer.asked(), 1);
    }
    let key = Key::new(Algorithm::EdDsa);
    let own = verify(&Issuer::publishing(&[&key]).guard(), &key.token(&json!({ "sub": "shop" })), NOW).await.unwrap();
    assert_eq!((own.client(), own.user()), (Some("shop"), None));
}

/// RFC 9068 §4: issuer, audience, signature, time; §2.2: the claims that have to be there.
#[tokio::test]
async fn a_token_that_lacks_anything_is_refused() {
    let key = Key::new(Algorithm::Es256);
    let guard = Issuer::publishing(&[&key]).guard();
    let now = NOW.seconds();
    for changes in [
        json!({ "iss": "https://id.example/" }),
        json!({ "iss": "absent" }),
        json!({ "aud": "https://other.example" }),
        json!({ "aud": [] }),
        json!({ "aud": "absent" }),
        json!({ "aud": 7 }),
        json!({ "exp": now - 10 }),
        json!({ "exp": "absent" }),
        json!({ "exp": (now + 600).to_string() }),
        json!({ "exp": 1.9e9 }),
        json!({ "iat": now + 11 }),
        json!({ "iat": "absent" }),
        json!({ "nbf": now + 11 }),
        json!({ "nbf": "soon" }),
        json!({ "client_id": "absent" }),
        json!({ "client_id": "" }),
        json!({ "client_id": 7 }),
        json!({ "sub": "absent" }),
        json!({ "sub": "" }),
        json!({ "jti": "absent" }),
        json!({ "scope": ["read"] }),
        json!({ "scope": "a  b" }),
        json!({ "cnf": { "jkt": "x" } }),
    ] {
        assert!(matches!(verify(&guard, &key.token(&changes), NOW).await, Err(Refused::InvalidToken(_))), "{changes}");
    }
    // Clocks differ by ten seconds.
    for changes in [json!({ "exp": now - 9 }), json!({ "iat": now + 10 }), json!({ "nbf": now + 10 }), json!({ "aud": ["x", API] })] {
        assert!(verify(&guard, &key.token(&changes), NOW).await.is_ok(), "{changes}");
    }
}

/// RFC 8725 §3.1, §3.2, §3.10, §3.11.
#[tokio::test]
async fn no_header_changes_what_is_checked() {
    let (key, stranger) = (Key::new(Algorithm::EdDsa), Key::new(Algorithm::EdDsa));
    let guard = Issuer::publishing(&[&key]).guard();
    let good = key.token(&json!({}));
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(good.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert!(verify(&guard, &good, NOW).await.is_ok());
    let kid = key.jwk.kid.as_str();
    for header in [
        json!({ "alg": "none", "typ": "at+jwt", "kid": kid }),
        json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }),
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }),
        json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }),
        json!({ "alg": "EdDSA", "kid": kid }),
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "crit": ["exp"] }),
    ] {
        assert!(matches!(verify(&guard, &key.sign(&header, &claims), NOW).await, Err(Refused::InvalidToken(_))), "{header}");
    }
    for header in [
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }),
        json!({ "alg": "EdDSA", "typ": "at+jwt", "jwk": stranger.jwk.to_value() }),
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": stranger.jwk.kid, "jwk": stranger.jwk.to_value() }),
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "x5u": "https://evil.example", "jku": "https://evil.example" }),
    ] {
        assert!(matches!(verify(&guard, &stranger.sign(&header, &claims), NOW).await, Err(Refused::InvalidToken(_))), "{header}");
    }
    let cut = &good[..=good.rfind('.').unwrap()];
    for wrong in [cut, "a.b.c", "opaque", "", &format!("{good}.")] {
        assert!(matches!(verify(&guard, wrong, NOW).await, Err(Refused::InvalidToken(_))), "{wrong}");
    }
    let rsa = Key::new(Algorithm::Rs256);
    let issuer = Issuer::publishing(&[&rsa]);
    assert!(verify(&issuer.guard(), &rsa.token(&json!({})), NOW).await.is_err(), "RS256 is accepted where it is asked for");
    let asked_for = SignedTokens::of(ISSUER).audience(API).algorithms([Algorithm::Rs256]).fetch_with(issuer).build().unwrap();
    assert!(verify(&asked_for, &rsa.token(&json!({})), NOW).await.is_ok());
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_in_half_a_minute() {
    let (old, new, made_up) = (Key::new(Algorithm::EdDsa), Key::new(Algorithm::EdDsa), Key::new(Algorithm::EdDsa));
    let issuer = Issuer::publishing(&[&old]);
    let guard = issuer.guard();
    assert!(verify(&guard, &old.token(&json!({})), NOW).await.is_ok());
    issuer.publish(&[&old, &new]);
    for _ in 0..100 {
        assert!(matches!(verify(&guard, &made_up.token(&json!({})), later(29)).await, Err(Refused::InvalidToken(_))));
    }
    assert_eq!(issuer.asked(), 1, "the keys were fetched half a minute ago at most");
    assert!(verify(&guard, &new.token(&json!({})), later(30)).await.is_ok(), "a key that came since then is found");
    assert!(verify(&guard, &old.token(&json!({})), later(30)).await.is_ok());
    for _ in 0..100 {
        assert!(verify(&guard, &made_up.token(&json!({})), later(31)).await.is_err());
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_believed_for_ten_minutes_and_keys_without_their_issuer_for_an_hour() {
    let (old, new) = (Key::new(Algorithm::EdDsa), Key::new(Algorithm::EdDsa));
    let forever = json!({ "exp": NOW.seconds() + 100_000 });
    let issuer = Issuer::publishing(&[&old]);
    let guard = issuer.guard();
    assert!(verify(&guard, &old.token(&forever), NOW).await.is_ok());
    issuer.publish(&[&new]);
    assert!(verify(&guard, &old.token(&forever), later(599)).await.is_ok());
    assert_eq!(issuer.asked(), 1);
    // Who comes then is served by what is known, and has the keys fetched.
    assert!(verify(&guard, &old.token(&forever), later(600)).await.is_ok());
    while issuer.asked() < 2 || guard.keys.find(Some(&new.jwk.kid), Algorithm::EdDsa, later(600)).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(verify(&guard, &old.token(&forever), later(601)).await, Err(Refused::InvalidToken(_))));

    issuer.go_away();
    assert!(verify(&guard, &new.token(&forever), later(600 + 3599)).await.is_ok(), "nobody needs to be asked");
    let Err(Refused::Unavailable(unavailable)) = verify(&guard, &new.token(&forever), later(600 + 3600)).await else { panic!("let in") };
    assert_eq!(unavailable.code, "KH0704");
}

#[tokio::test]
async fn without_any_keys_nobody_is_let_in_and_the_issuer_is_asked_again_a_second_later() {
    let key = Key::new(Algorithm::EdDsa);
    let issuer = Issuer::publishing(&[&key]);
    issuer.go_away();
    let guard = issuer.guard();
    for _ in 0..10 {
        assert!(matches!(verify(&guard, &key.token(&json!({})), NOW).await, Err(Refused::Unavailable(_))));
    }
    assert_eq!(issuer.asked(), 1);
    *issuer.published.lock().unwrap() = Some("<html>".to_owned());
    assert!(matches!(verify(&guard, &key.token(&json!({})), later(1)).await, Err(Refused::Unavailable(_))));
    issuer.publish(&[&key]);
    assert!(verify(&guard, &key.token(&json!({})), later(2)).await.is_ok());
}

#[tokio::test]
async fn tokens_that_are_no_jwts_may_be_asked_about() {
    struct Nobody;
    impl Fetch for Nobody {
        fn fetch(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
            let body = json!({ "active": true, "client_id": "opaque", "token_type": "Bearer" }).to_string();
            Box::pin(std::future::ready(Ok(Response::new(Bytes::from(body)))))
        }
    }
    let key = Key::new(Algorithm::EdDsa);
    let introspection = Introspection::at("https://id.example/introspect").client("api", "secret").fetch_with(Nobody).build().unwrap();
    let guard = Issuer::publishing(&[&key]).guard().otherwise(introspection);
    assert_eq!(verify(&guard, &key.token(&json!({})), NOW).await.unwrap().client(), Some("shop"));
    assert_eq!(verify(&guard, "opaque-token", NOW).await.unwrap().client(), Some("opaque"));
    assert!(verify(&guard, &key.token(&json!({ "aud": "x" })), NOW).await.is_err(), "a bad JWT gets no second chance");
}

#[test]
fn what_would_be_unsafe_is_not_built() {
    let of = |issuer: &str| SignedTokens::of(issuer).fetch_with(Issuer::publishing(&[]));
    assert!(of(ISSUER).audience(API).build().is_ok());
    assert!(of(ISSUER).build().is_err(), "without an audience a token for another API would do");
    assert!(of(ISSUER).audience("").build().is_err());
    assert!(of("http://id.example").audience(API).build().is_err());
    assert!(of(ISSUER).audience(API).jwks("http://id.example/jwks").build().is_err());
    assert!(of(ISSUER).audience(API).algorithms([]).build().is_err());
    assert!(of(ISSUER).audience(API).skew(Duration::from_secs(121)).build().is_err());
}
