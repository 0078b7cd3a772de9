//! Generations of plugins: what an old one still serves, and who is asked in which.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
use support::calls::{TOKEN, authorization_call, authorize, denied, one_with, token};
use support::{build, folder, generation, hook, host, plan, scripts, token_call};

#[tokio::test]
async fn an_observer_sees_the_outcome_and_changes_nothing() {
    let (folder, host) = (folder(), host());
    let seen = folder.join("seen");
    let mut plan = plan(&folder);
    build(&folder, "gate", &[]);
    build(&folder, "watch", &[&hook(TOKEN, 1, "KH_HOOK_INLINE | KH_HOOK_OBSERVER")]);
    plan.plugins.insert("gate".into(), scripts(&[(TOKEN, "deny|access_denied|no|0\nreturn|2")]));
    let script = format!("get|0|outcome\nset|6|x|y\nset|7|x|y\nget|0|client_id\ntouch|{}\nreturn|2", seen.display());
    plan.plugins.insert("watch".into(), scripts(&[(TOKEN, &script)]));
    let finished = token(&generation(&host, &plan)).await;
    assert_eq!(finished.plugin.as_deref(), Some("gate"));
    assert!(finished.call.response.is_empty());
    assert_eq!(std::fs::read_to_string(seen).unwrap(), "x");
}

#[tokio::test]
async fn an_empty_chain_costs_nothing_and_changes_nothing() {
    let generation = generation(&host(), &plan(&folder()));
    assert!(HookPoint::ALL.iter().all(|point| !generation.hooks.any(*point)));
    let finished = token(&generation).await;
    assert!(matches!(finished.verdict, Verdict::Continue));
    assert_eq!(finished.call.response, token_call().response);
}

#[tokio::test]
async fn a_new_generation_serves_new_calls_and_the_old_one_ends_its_own() {
    let (folder, host) = (folder(), host());
    build(&folder, "bob", &[]);
    let mut plan = plan(&folder);
    plan.plugins.insert("bob".into(), scripts(&[(TOKEN, "set|6|v|1")]));
    let old = generation(&host, &plan);
    plan.plugins.insert("bob".into(), scripts(&[(TOKEN, "set|6|v|2")]));
    let new = generation(&host, &plan);
    let pending = old.hooks.run(HookPoint::AccessTokenResponse, token_call());
    assert_ne!(old.hooks.generation(HookPoint::AccessTokenResponse), new.hooks.generation(HookPoint::AccessTokenResponse));
    drop(old);
    assert_eq!(pending.await.call.response["v"], "1");
    assert_eq!(token(&new).await.call.response["v"], "2");
}

/// An overwritten file must not reach a library that is loaded: mapped in place it would end the process (SIGBUS).
#[tokio::test]
async fn a_library_overwritten_in_place_runs_on_and_its_successor_loads() {
    let (folder, host) = (folder(), host());
    let file = build(&folder, "bob", &[]);
    let mut plan = plan(&folder);
    plan.plugins.insert("bob".into(), scripts(&[(TOKEN, "append|names")]));
    let old = generation(&host, &plan);
    std::fs::write(&file, "gone").unwrap();
    assert_eq!(token(&old).await.call.response["names"], "bob");
    build(&folder, "bob", &["SUCCESSOR"]);
    let new = generation(&host, &plan);
    assert_eq!(token(&new).await.call.response["names"], "bob");
    assert_ne!(old.report[0].digest.is_none(), new.report[0].digest.is_some());
}

#[tokio::test]
async fn a_plugin_that_is_left_out_of_a_call_is_not_asked() {
    for flags in ["KH_HOOK_INLINE", "0"] {
        let generation = one_with("authorization_GET", flags, |_| {}, "deny|access_denied|no|0\nreturn|2");
        assert_eq!(denied(&authorize(&generation).await).0, ErrorCode::AccessDenied);
        for (skip, continues) in [("bob", true), ("bobby", false)] {
            let call = HookCall { skip: Some(skip.into()), ..authorization_call() };
            let finished = generation.hooks.run(HookPoint::AuthorizationGet, call).await;
            assert_eq!(matches!(finished.verdict, Verdict::Continue), continues, "{flags} {skip}");
        }
    }
}
