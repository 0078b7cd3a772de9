//! The contexts of OAuth 1.0a (RFC 5849) against the stand-in server.
#![allow(missing_docs, clippy::unnecessary_wraps, reason = "a plugin inside a test")]

use std::time::Duration;

use keyhook_plugin::prelude::*;
use keyhook_plugin_test::{Answer, TestCall};

plugin! { name: "oauth1", version: "1.2.3" }

#[hook(oauth1_consumer, inline)]
fn consumer(cx: &mut Oauth1ConsumerCx) -> Outcome {
    match cx.consumer_key().to_owned().as_str() {
        "unknown" => Continue,
        "closed" => Err(Deny::invalid_client().because("closed")),
        "nobody" => cx.stands_for(""),
        key => cx.stands_for(key.strip_prefix("old-").unwrap_or(key)),
    }
}

#[hook(oauth1_signature = "JOINED", inline)]
fn sign(cx: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> {
    match cx.base_string() {
        "empty" => Ok(ExpectedSignature::text("")),
        "break" => panic!("told to panic"),
        "no" => Err(Deny::invalid_request()),
        base => Ok(ExpectedSignature::base64(format!("{} {} {base}", cx.signature_method(), cx.key()).as_bytes())),
    }
}

#[hook(oauth1_request)]
fn gate(cx: &mut Oauth1RequestCx) -> Outcome {
    assert_eq!((cx.method(), cx.uri(), cx.signature_method()), ("GET", "http://localhost:8080/photos", "HMAC-SHA1"));
    let key = format!("{} {} {:?} {:?}", cx.consumer_key(), cx.client_id(), cx.token(), cx.timestamp());
    if cx.subject() == Some("eve") || !cx.once(&key, Duration::from_mins(5))? {
        return Err(Deny::access_denied().because(cx.nonce().unwrap_or_default().to_owned()));
    }
    Continue
}

#[hook(request_token_response, inline)]
fn temporary(cx: &mut RequestTokenResponseCx) -> Outcome {
    assert_eq!(cx.subject(), None);
    let client = cx.client_id().to_owned();
    cx.response().set("client", client)?;
    cx.response().set("minutes", 10)?;
    cx.response().set("list", &["a", "b"][..])?;
    Continue
}

#[hook(oauth1_access_token_response, inline)]
fn tokens(cx: &mut Oauth1TokenResponseCx) -> Outcome {
    match cx.form("deed") {
        Some("remove") => drop(cx.response().remove("oauth_token_secret")?),
        Some("data") => cx.data().set("tenant", "mine")?,
        Some(name) => {
            let name = name.to_owned();
            cx.response().set(&name, "mine")?;
        }
        None => {
            let user = cx.subject().unwrap_or_default().to_owned();
            cx.response().set("user_id", user)?;
            let tenant = cx.data().text("tenant")?.unwrap_or_default();
            cx.response().set("tenant", tenant)?;
            cx.response().set("minutes", 10)?;
            assert_eq!(cx.response().text("oauth_token")?.as_deref(), Some("test-token"));
            assert_eq!(cx.response().integer("minutes")?, Some(10));
        }
    }
    Continue
}

#[test]
fn a_consumer_key_stands_for_a_client_for_nobody_or_is_refused() {
    let named = |key: &str| TestCall::oauth1_consumer(key).run().stands_for().map(str::to_owned);
    assert_eq!(named("old-shop").as_deref(), Some("shop"));
    assert_eq!((named("unknown"), named("closed"), named("nobody")), (None, None, None));
    assert!(TestCall::oauth1_consumer("unknown").run().continued());
    assert_eq!(TestCall::oauth1_consumer("closed").run().denied(), Some("invalid_client"));
    assert_eq!(TestCall::oauth1_consumer("nobody").run().denied(), Some("server_error"));
}

/// RFC 5849 §3.4.2.
#[test]
fn a_method_of_ones_own_says_what_the_signature_is() {
    let signed = |base: &str| TestCall::oauth1_signature("JOINED", base, "a&b").run();
    assert_eq!(signed("POST&x").expected_signature(), Some("Sk9JTkVEIGEmYiBQT1NUJng="));
    assert_eq!((signed("no").denied(), signed("no").expected_signature()), (Some("invalid_request"), None));
    assert_eq!((signed("empty").denied(), signed("empty").expected_signature()), (Some("server_error"), None));
    assert_eq!(signed("break").panicked(), Some("told to panic"));
}

#[test]
fn a_request_is_let_pass_or_denied_and_the_store_is_at_hand() {
    let call = |nonce: &str| TestCall::oauth1_request("key", 137_131_202, nonce).fact("client_id", "shop");
    let first = call("chapoH").run();
    assert!(first.continued(), "{first:?}");
    let again = call("other").after(&first).run();
    assert_eq!((again.denied(), again.reason()), (Some("access_denied"), "other"));
    assert!(call("other").fact("token", "nnch734d00sl2jdk").after(&first).run().continued());
    assert_eq!(call("x").fact("subject", "eve").run().denied(), Some("access_denied"));
}

#[test]
fn what_a_form_cannot_hold_is_refused_and_the_edits_are_gone() {
    let answer = TestCall::request_token_response().fact("client_id", "shop").run();
    assert_eq!(answer.denied(), Some("server_error"));
    assert!(answer.reason().contains("`list`: the value has another type"), "{}", answer.reason());
    assert_eq!((answer.member("client"), answer.member("oauth_callback_confirmed")), (None, Some("\"true\"")));
}

#[test]
fn an_answer_is_edited_and_what_is_protected_denies() {
    let call = |deed: Option<&str>| -> Answer {
        let call = TestCall::oauth1_access_token_response().fact("subject", "alice").data("tenant", "\"acme\"");
        if let Some(deed) = deed { call.form("deed", deed).run() } else { call.run() }
    };
    let answer = call(None);
    assert!(answer.continued(), "{answer:?}");
    assert_eq!((answer.member("user_id"), answer.member("minutes")), (Some("\"alice\""), Some("10")));
    assert_eq!(answer.member("tenant"), Some("\"acme\""));
    for deed in ["data", "remove", "oauth_token", "oauth_token_secret", "oauth_callback_confirmed", "oauth_problem"] {
        let answer = call(Some(deed));
        assert_eq!(answer.denied(), Some("server_error"), "{deed}");
        assert_eq!(answer.member("oauth_token_secret"), Some("\"test-secret\""));
    }
    assert_eq!(call(Some("oauth_expires_in")).member("oauth_expires_in"), Some("\"mine\""));
}
