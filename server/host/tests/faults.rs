//! Plugins that fail, hang and panic: their own call is denied, and nothing else suffers.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keyhook_component::hooks::{HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
use keyhook_host::{Host, PluginSettings, World};
use support::calls::{TOKEN, denied, one, one_with, token};
use support::{build, clock, folder, generation, plan, probe, scripts, token_call, world};

#[tokio::test]
async fn after_a_failure_nothing_of_the_draft_survives() {
    let cases = [
        ("deny|invalid_grant|no|0\nreturn|2", ErrorCode::InvalidGrant, "KH0535"),
        ("deny|no_such_code|no|0\nreturn|2", ErrorCode::ServerError, "KH0535"),
        ("return|2", ErrorCode::ServerError, "KH0534"),
        ("deny|server_error|index out of bounds|0\nreturn|3", ErrorCode::ServerError, "KH0530"),
        ("return|77", ErrorCode::ServerError, "KH0534"),
        ("return|-1", ErrorCode::ServerError, "KH0534"),
        ("return|1", ErrorCode::ServerError, "KH0534"),
        ("set|10|subject|eve\nreturn|4", ErrorCode::ServerError, "KH0534"),
        ("return|5", ErrorCode::ServerError, "KH0534"),
    ];
    for (script, code, kh) in cases {
        for flags in ["KH_HOOK_INLINE", "0"] {
            let edits = format!("set|6|edited|yes\nset|7|kept|yes\n{script}");
            let finished = token(&one_with(TOKEN, flags, |_| {}, &edits)).await;
            assert_eq!(denied(&finished), (code, kh), "{script}");
            assert!(finished.call.response.is_empty() && finished.call.data.is_empty(), "{script}");
            assert_eq!(finished.plugin.as_deref(), Some("bob"));
        }
    }
}

#[tokio::test]
async fn the_description_reaches_the_client_only_if_the_plugin_wants_it() {
    let say = |script: &'static str| async move {
        match token(&one(TOKEN, script)).await.verdict {
            Verdict::Deny(error) => (error.wire_description().to_owned(), error.cause.unwrap()),
            other => panic!("{other:?}"),
        }
    };
    let (wire, cause) = say("deny|access_denied|tenant closed|1\nreturn|2").await;
    assert_eq!((wire.as_str(), cause.as_str()), ("tenant closed", "plugin `bob` denied: tenant closed"));
    let (wire, cause) = say("deny|access_denied|user 7 owes us|0\nreturn|2").await;
    assert_eq!(
        (wire.as_str(), cause.as_str()),
        ("The resource owner or authorization server denied the request", "plugin `bob` denied: user 7 owes us")
    );
}

#[tokio::test]
async fn a_hung_plugin_is_denied_and_its_late_edits_are_dropped() {
    let gate = folder().join("gate");
    let script = format!("set|6|early|x\nwait|{}\nset|6|late|x", gate.display());
    let quick = |settings: &mut PluginSettings| settings.timeout = Some(Duration::from_millis(20));
    let generation = one_with(TOKEN, "0", quick, &script);
    let finished = token(&generation).await;
    assert_eq!(denied(&finished), (ErrorCode::TemporarilyUnavailable, "KH0531"));
    assert!(finished.call.response.is_empty());
    std::fs::write(gate, "").unwrap();
}

#[tokio::test]
async fn a_hung_plugin_takes_its_own_places_and_no_more() {
    let gate = folder().join("gate");
    let script = format!("wait|{}", gate.display());
    let few = |settings: &mut PluginSettings| {
        settings.timeout = Some(Duration::from_millis(20));
        (settings.max_concurrency, settings.max_queue) = (2, 1);
    };
    let generation = one_with(TOKEN, "0", few, &script);
    let runs: Vec<_> = (0..20).map(|_| tokio::spawn(generation.hooks.run(HookPoint::AccessTokenResponse, token_call()))).collect();
    let mut codes = Vec::new();
    for run in runs {
        codes.push(denied(&run.await.unwrap()).1);
    }
    let count = |kh: &str| codes.iter().filter(|code| **code == kh).count();
    assert_eq!((count("KH0531"), count("KH0533")), (2, 18), "two threads hang, nobody else waits long");
    std::fs::write(gate, "").unwrap();
}

#[tokio::test]
async fn ten_panics_open_the_breaker_and_time_closes_it() {
    let folder = folder();
    build(&folder, "bob", &[]);
    let clock = clock();
    let host = Host::new(World { clock: Arc::clone(&clock) as _, ..world() }, None, probe());
    let mut plan = plan(&folder);
    plan.plugins.insert("bob".into(), scripts(&[(TOKEN, "return|3")]));
    let generation = generation(&host, &plan);
    for _ in 0..10 {
        assert_eq!(denied(&token(&generation).await), (ErrorCode::ServerError, "KH0530"));
    }
    assert_eq!(denied(&token(&generation).await), (ErrorCode::TemporarilyUnavailable, "KH0532"));
    clock.0.fetch_add(30_000, Ordering::SeqCst);
    assert_eq!(denied(&token(&generation).await).1, "KH0530", "one call tries");
    assert_eq!(denied(&token(&generation).await).1, "KH0532");
    let (_, stats) = generation.stats().next().unwrap();
    assert_eq!((stats.calls, stats.panics), (11, 11));
    assert!(stats.last_error.unwrap().contains("panicked"));
}
