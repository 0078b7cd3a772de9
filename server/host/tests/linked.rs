//! Plugins that are linked into the program go the same way as loaded ones: one code path.
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    missing_docs,
    reason = "a test may fail by panicking; hooks take what the SDK gives"
)]

mod support;

use keyhook_component::hooks::{HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
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
