//! Plugins that are linked into the program go the same way as loaded ones: one code path.
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    missing_docs,
    reason = "a test may fail by panicking; hooks take what the SDK gives"
)]

mod support;

use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
use keyhook_core::secret::Secret;
use keyhook_host::{Plan, PluginSettings, Policy};
use keyhook_plugin::prelude::*;
use serde_json::json;
use support::{generation, host, token_call};

#[hook(access_token_response, inline)]
fn customize(cx: &mut TokenResponseCx) -> Outcome {
    if let Some(text) = cx.config().text("/panic")? {
        panic!("{text}");
    }
    cx.response().remove("expires_in")?;
    cx.response().set("user_name", "Bob")?;
    Continue
}

#[hook(oauth1_signature = "LINKED", inline)]
fn sign(cx: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> {
    assert!(!cx.key().is_empty(), "no key for {}", cx.base_string());
    Ok(ExpectedSignature::text(format!("{} {}", cx.key(), cx.base_string())))
}

#[hook(request_token_response, inline)]
fn tell(cx: &mut RequestTokenResponseCx) -> Outcome {
    cx.response().set("oauth_token", "mine")?;
    Continue
}

plugin! { name: "bob" }

fn plan() -> Plan {
    Plan::new(Policy::Dev)
}

#[tokio::test]
async fn a_linked_plugin_edits_the_token_response() {
    let generation = generation(&host(), &plan());
    assert_eq!(generation.report.len(), 1);
    let finished = generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).await;
    assert!(matches!(finished.verdict, Verdict::Continue), "{:?}", finished.verdict);
    assert_eq!(finished.call.response["user_name"], "Bob");
    assert!(!finished.call.response.contains_key("expires_in"));
}

#[tokio::test]
async fn a_panic_is_caught_in_the_plugin_and_denies() {
    let mut plan = plan();
    plan.plugins.insert("bob".into(), PluginSettings { config: json!({"panic": "index out of bounds"}), ..PluginSettings::default() });
    let generation = generation(&host(), &plan);
    for _ in 0..3 {
        let finished = generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).await;
        match finished.verdict {
            Verdict::Deny(error) => {
                assert_eq!((error.code, error.kh), (ErrorCode::ServerError, "KH0530"));
                assert!(error.cause.unwrap().contains("index out of bounds"));
            }
            other => panic!("{other:?}"),
        }
        assert!(finished.call.response.is_empty());
    }
}

#[tokio::test]
async fn a_linked_signature_method_is_asked_by_its_name() {
    let generation = generation(&host(), &plan());
    let call = |key: &str| {
        let mut call = HookCall::default();
        call.secret("base_string", Secret::new("GET&x".to_owned()));
        call.secret("signing_key", Secret::new(key.to_owned()));
        generation.hooks.provide(HookPoint::Oauth1Signature, "LINKED", call).unwrap()
    };
    assert!(matches!(call("a&b").await.verdict, Verdict::Signature(text) if text.expose() == "a&b GET&x"));
    let Verdict::Deny(error) = call("").await.verdict else { panic!("it panicked") };
    assert_eq!((error.code, error.kh), (ErrorCode::ServerError, "KH0530"));
}

/// RFC 5849 §2.1.
#[tokio::test]
async fn a_linked_plugin_that_writes_over_a_credential_denies() {
    let mut call = HookCall::default();
    call.response.insert("oauth_token".into(), "kht_x".into());
    let finished = generation(&host(), &plan()).hooks.run(HookPoint::RequestTokenResponse, call).await;
    let Verdict::Deny(error) = finished.verdict else { panic!("{:?}", finished.verdict) };
    assert_eq!((error.code, error.kh), (ErrorCode::ServerError, "KH0535"));
    assert!(error.cause.unwrap().contains("`oauth_token`: protected"));
}
