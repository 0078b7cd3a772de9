//! The hooks of OAuth 1.0a at its endpoints: what plugins decide, what they add, and what they cannot loosen (RFC 5849).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header;
use keyhook_builtin::oauth1::{AccessTokenEndpoint, RequestTokenEndpoint};
use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;

use crate::oauth1::*;

const ANSWERS: [HookPoint; 2] = [HookPoint::RequestTokenResponse, HookPoint::Oauth1AccessTokenResponse];

/// RFC 5849 §2.1, §2.3.
#[tokio::test]
async fn both_answers_are_extended_and_show_no_credential_of_the_request() {
    let (world, bob) = signing(&ANSWERS, |point, mut call| {
        call.response.insert("via".into(), point.name().into());
        call.response.insert("seats".into(), 3.into());
        if let Some(tenant) = call.data.get("bob").and_then(|own| own.get("tenant")) {
            call.response.insert("tenant".into(), tenant.clone());
        }
        (call, Verdict::Continue)
    })
    .await;
    let (name, secret) = authorized(&world).await;
    let call = bob.seen();
    assert_eq!((fact(&call, "client_id"), fact(&call, "subject")), (Some("printer"), None));
    assert_eq!(call.form.as_ref().unwrap().first("tenant"), Some("acme"));
    assert!(!call.request.as_ref().unwrap().headers.contains_key(header::AUTHORIZATION));
    let exchange = By { token: Some((&name, &secret)), verifier: Some("ABCDEFGH"), ..by("printer") };
    let (status, form) = sent(&world, &AccessTokenEndpoint, &signed(&world, "/oauth/access_token", exchange)).await;
    assert_eq!(status, 200, "{form:?}");
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["oauth_token", "oauth_token_secret", "seats", "tenant", "via"]);
    assert_eq!((field(&form, "via"), field(&form, "seats"), field(&form, "tenant")), ("oauth1_access_token_response", "3", "acme"));
    assert_eq!(fact(&bob.seen(), "subject"), Some("alice"));
}

#[tokio::test]
async fn a_denial_in_an_answer_stores_nothing_and_leaves_what_can_be_exchanged() {
    let denies = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&denies);
    let (world, _) = signing(&ANSWERS, move |_, call| {
        let no = || Verdict::Deny(OAuthError::access_denied().with_public("never").with_cause("plugin `bob` denied: not today"));
        (call, if told.load(Ordering::SeqCst) { no() } else { Verdict::Continue })
    })
    .await;
    let (name, secret) = authorized(&world).await;
    denies.store(true, Ordering::SeqCst);
    let exchange = |nonce| By { token: Some((&name, &secret)), verifier: Some("ABCDEFGH"), nonce, ..by("printer") };
    let before = world.written();
    for nonce in ["n2", "n3"] {
        let (status, form) = sent(&world, &AccessTokenEndpoint, &signed(&world, "/oauth/access_token", exchange(nonce))).await;
        assert_eq!((status, field(&form, "oauth_problem")), (401, "permission_denied"));
        assert!(!form.iter().any(|(_, value)| value.contains("never") || value.contains("not today")), "{form:?}");
    }
    assert_eq!(problem(&world, By { nonce: "n4", ..by("printer") }).await, (401, "permission_denied".into()));
    assert_eq!(world.written(), before + 3, "three nonces");
    let event = world.last_event();
    assert_eq!((event.plugin.as_deref(), event.detail.as_deref()), (Some("bob"), Some("plugin `bob` denied: not today")));
    denies.store(false, Ordering::SeqCst);
    let (status, _) = sent(&world, &AccessTokenEndpoint, &signed(&world, "/oauth/access_token", exchange("n5"))).await;
    assert_eq!(status, 200);
}

/// RFC 5849 §2.1: what is ours in an answer is what was stored.
#[tokio::test]
async fn a_member_of_ours_that_comes_back_changed_means_that_nothing_is_given_out() {
    for (member, value) in [
        ("oauth_token", Some("mine")),
        ("oauth_token", None),
        ("oauth_token_secret", Some("mine")),
        ("oauth_token_secret", None),
        ("oauth_callback_confirmed", Some("false")),
        ("oauth_callback_confirmed", None),
        ("oauth_problem", Some("none")),
        ("oauth_problem_advice", Some("none")),
        ("", Some("x")),
    ] {
        let (world, _) = signing(&ANSWERS, move |_, mut call| {
            match value {
                Some(value) => call.response.insert(member.into(), value.into()),
                None => call.response.remove(member),
            };
            (call, Verdict::Continue)
        })
        .await;
        let before = world.written();
        assert_eq!(problem(&world, by("printer")).await, (500, "server_error".into()), "{member}");
        assert_eq!((world.written(), world.last_event().code), (before + 1, "KH0264"), "the nonce alone");
    }
}

#[tokio::test]
async fn an_answer_that_has_no_meaning_is_an_error() {
    for point in [HookPoint::RequestTokenResponse, HookPoint::Oauth1Request, HookPoint::Oauth1Consumer] {
        let (world, _) = signing(&[point], |_, call| (call, Verdict::Approve(keyhook_component::hooks::Approved::Everything))).await;
        let consumer = if point == HookPoint::Oauth1Consumer { "old" } else { "printer" };
        assert_eq!(problem(&world, by(consumer)).await, (500, "server_error".into()), "{point:?}");
        assert_eq!(world.last_event().code, "KH0263");
    }
}

#[tokio::test]
async fn a_consumer_key_stands_for_a_registered_client_and_its_secret_signs() {
    let (world, bob) = signing(&[HookPoint::Oauth1Consumer], |_, call| {
        let key = call.facts[0].1.clone();
        let named = key.strip_prefix("old-").map(str::to_owned);
        (call, named.map_or(Verdict::Continue, Verdict::Client))
    })
    .await;
    assert_eq!(asked(&world, by("old-printer")).await.0, 200);
    assert_eq!((fact(&bob.seen(), "consumer_key"), world.last_event().client_id.as_deref()), (Some("old-printer"), Some("printer")));
    assert_eq!(asked(&world, by("printer")).await.0, 200, "a client's own key asks nobody");
    assert!(bob.seen.lock().unwrap().is_empty());
    let unknown = problem(&world, by("nobody")).await;
    assert_eq!(unknown, (401, "signature_invalid".into()));
    for (consumer, secret) in
        [("old-printer", "another"), ("old-closed", SHARED), ("old-shop", SHARED), ("old-nobody", SHARED), ("old-", SHARED)]
    {
        assert_eq!(problem(&world, By { secret, nonce: "n2", ..by(consumer) }).await, unknown, "{consumer}");
    }
}

#[tokio::test]
async fn a_consumer_that_a_plugin_denies_is_as_unknown_as_any_and_a_plugin_that_breaks_is_an_error() {
    let (denied, _) = signing(&[HookPoint::Oauth1Consumer], |_, call| (call, Verdict::Deny(OAuthError::invalid_client()))).await;
    assert_eq!(problem(&denied, by("old")).await, (401, "signature_invalid".into()));
    let (broken, _) = signing(&[HookPoint::Oauth1Consumer], |_, call| (call, Verdict::Deny(OAuthError::server_error("it panicked")))).await;
    assert_eq!(problem(&broken, by("old")).await, (500, "server_error".into()));
    let (late, _) = signing(&[HookPoint::Oauth1Consumer], |_, call| (call, Verdict::Deny(OAuthError::temporarily_unavailable(1)))).await;
    assert_eq!(problem(&late, by("old")).await, (503, "temporarily_unavailable".into()));
}

fn as_marked(call: HookCall) -> (HookCall, Verdict) {
    let expected = marked(&secret(&call, "base_string"), &secret(&call, "signing_key"));
    (call, Verdict::Signature(Secret::new(expected)))
}

/// RFC 5849 §3.4.
#[tokio::test]
async fn a_plugin_s_method_verifies_for_the_clients_that_may_use_it() {
    let (world, bob) = signing(&[HookPoint::Oauth1Signature], |_, call| as_marked(call)).await;
    let scanner = By { method: &Marked, ..by("scanner") };
    assert_eq!(asked(&world, scanner).await.0, 200);
    let call = bob.seen();
    assert_eq!((fact(&call, "signature_method"), secret(&call, "signing_key")), (Some(MARKED), format!("{SHARED}&")));
    assert!(secret(&call, "base_string").starts_with("POST&https%3A%2F%2Fid.example%2Foauth%2Frequest_token&"));
    assert_eq!(problem(&world, scanner).await, (401, "nonce_used".into()), "it is replayed as little as any");
    assert_eq!(problem(&world, By { secret: "another", nonce: "n2", ..scanner }).await, (401, "signature_invalid".into()));
    let printer = By { method: &Marked, nonce: "n3", ..by("printer") };
    assert_eq!(problem(&world, printer).await, (400, "signature_method_rejected".into()), "it is not on the list of the client");
    assert_eq!(problem(&world, By { nonce: "n4", ..by("scanner") }).await.0, 200, "the methods of the server are nobody else's");
    assert_eq!(bob.seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn who_is_unknown_is_asked_about_with_a_key_that_nobody_has() {
    let (world, bob) = signing(&[HookPoint::Oauth1Signature], |_, call| as_marked(call)).await;
    assert_eq!(problem(&world, By { method: &Marked, ..by("nobody") }).await, (401, "signature_invalid".into()));
    let key = secret(&bob.seen(), "signing_key");
    assert!(key.contains('&') && !key.contains(SHARED), "{key}");
    // Even who guesses that key is unknown.
    let (consumer, token) = key.split_once('&').unwrap();
    let guessed = [consumer, token].map(|part| part.replace("%20", " "));
    let forged = By { method: &Marked, secret: &guessed[0], token: Some(("x", &guessed[1])), nonce: "n2", ..by("nobody") };
    let (status, form) = sent(&world, &AccessTokenEndpoint, &signed(&world, "/oauth/access_token", forged)).await;
    assert_eq!((status, field(&form, "oauth_problem")), (401, "signature_invalid"));
}

#[tokio::test]
async fn a_method_that_denies_breaks_or_says_nothing_verifies_nothing() {
    type Row = (fn() -> Verdict, u16, &'static str);
    let verdicts: [Row; 6] = [
        (|| Verdict::Deny(OAuthError::access_denied().with_public("x")), 401, "signature_invalid"),
        (|| Verdict::Signature(Secret::new(String::new())), 401, "signature_invalid"),
        (|| Verdict::Signature(Secret::new("guess".into())), 401, "signature_invalid"),
        (|| Verdict::Deny(OAuthError::server_error("it panicked")), 500, "server_error"),
        (|| Verdict::Deny(OAuthError::temporarily_unavailable(1)), 503, "temporarily_unavailable"),
        (|| Verdict::Continue, 500, "server_error"),
    ];
    for (verdict, status, expected) in verdicts {
        let (world, _) = signing(&[HookPoint::Oauth1Signature], move |_, call| (call, verdict())).await;
        let before = world.written();
        assert_eq!(problem(&world, By { method: &Marked, ..by("scanner") }).await, (status, expected.into()));
        assert_eq!(world.written(), before, "nobody uses up nonces who cannot sign");
    }
    let (without, _) = signing(&[], |_, call| (call, Verdict::Continue)).await;
    assert_eq!(problem(&without, By { method: &Marked, ..by("scanner") }).await, (400, "signature_method_rejected".into()));
}

/// RFC 5849 §3.4.4: a method that shows the key is no better than PLAINTEXT.
#[tokio::test]
async fn a_method_that_shows_the_key_is_for_tls_alone() {
    let (world, _) = signing(&[HookPoint::Oauth1Signature], |_, call| {
        let key = secret(&call, "signing_key");
        (call, Verdict::Signature(Secret::new(format!("key={key}"))))
    })
    .await;
    let mut request = signed(&world, "/oauth/request_token", By { method: &Marked, ..by("scanner") });
    request.scheme = "http";
    let (status, form) = sent(&world, &RequestTokenEndpoint, &request).await;
    assert_eq!((status, field(&form, "oauth_problem")), (400, "signature_method_rejected"));
}

/// RFC 5849 §3.3: the nonce is recorded when nothing stands against the request any more.
#[tokio::test]
async fn a_request_that_a_plugin_denies_uses_up_no_nonce() {
    let denies = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&denies);
    let (world, bob) = signing(&[HookPoint::Oauth1Request], move |_, call| {
        let no = || Verdict::Deny(OAuthError::invalid_request("x").with_cause("older than the last"));
        (call, if told.load(Ordering::SeqCst) { no() } else { Verdict::Continue })
    })
    .await;
    let before = world.written();
    assert_eq!(problem(&world, by("printer")).await, (400, "parameter_rejected".into()));
    let call = bob.seen();
    let facts =
        ["client_id", "consumer_key", "nonce", "signature_method", "method", "uri", "token", "subject"].map(|name| fact(&call, name));
    let uri = "https://id.example/oauth/request_token";
    assert_eq!(facts, [Some("printer"), Some("printer"), Some("n1"), Some("HMAC-SHA256"), Some("POST"), Some(uri), None, None]);
    assert_eq!(fact(&call, "timestamp"), Some(world.context.now().seconds().to_string().as_str()));
    assert!(call.secrets.is_empty() && !call.request.unwrap().headers.contains_key(header::AUTHORIZATION));
    assert_eq!(world.written(), before);
    denies.store(false, Ordering::SeqCst);
    assert_eq!(asked(&world, by("printer")).await.0, 200, "the same request, now welcome");
    assert_eq!(problem(&world, by("printer")).await, (401, "nonce_used".into()));
}

#[tokio::test]
async fn a_plugin_that_welcomes_everything_loosens_nothing_and_sees_what_holds_alone() {
    let (world, bob) = signing(&[HookPoint::Oauth1Request], |_, call| (call, Verdict::Continue)).await;
    assert_eq!(problem(&world, By { secret: "another", ..by("printer") }).await, (401, "signature_invalid".into()));
    let old = signed(&world, "/oauth/request_token", by("printer"));
    world.clock.advance(std::time::Duration::from_secs(301));
    let (status, form) = sent(&world, &RequestTokenEndpoint, &old).await;
    assert_eq!((status, field(&form, "oauth_problem")), (401, "timestamp_refused"));
    assert!(bob.seen.lock().unwrap().is_empty());
    let (broken, _) = signing(&[HookPoint::Oauth1Request], |_, call| (call, Verdict::Deny(OAuthError::server_error("it panicked")))).await;
    assert_eq!(problem(&broken, by("printer")).await, (500, "server_error".into()));
}
