//! Hook chains of real libraries: order, outcomes, limits, and what a plugin cannot do.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use keyhook_component::hooks::{HookPoint, Verdict};
use support::{build, folder, generation, host, plan, scripts, token_call};

#[tokio::test]
async fn an_edit_of_the_token_response_is_kept() {
    let (folder, host) = (folder(), host());
    build(&folder, "bob", &[]);
    let mut plan = plan(&folder);
    plan.plugins.insert("bob".into(), scripts(&[("access_token_response", "set|6|user_name|Bob\nremove|6|expires_in")]));
    let generation = generation(&host, &plan);
    let finished = generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).await;
    assert!(matches!(finished.verdict, Verdict::Continue), "{:?}", finished.verdict);
    assert_eq!(finished.call.response["user_name"], "Bob");
    assert!(!finished.call.response.contains_key("expires_in"));
}
