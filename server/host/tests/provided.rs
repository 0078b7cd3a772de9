//! Hooks in which one plugin provides what nobody else does: `token_grant` and `client_assertion`, on libraries built by gcc.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use keyhook_component::hooks::{Finished, Granting, HookCall, HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
use keyhook_host::{Generation, PluginSettings};
use support::calls::{denied, one, one_with};
use support::{build, folder, generation, hook, host, plan, scripts};

const GRANT: &str = "token_grant=urn:example:badge";
const ASSERTION: &str = "client_assertion=urn:example:proof";

async fn asked(generation: &Generation, name: &str) -> Finished {
    let (point, value) = match name.split_once('=').unwrap() {
        ("token_grant", value) => (HookPoint::TokenGrant, value),
        (_, value) => (HookPoint::ClientAssertion, value),
    };
    generation.hooks.provide(point, value, HookCall::default()).unwrap().await
}

async fn granted(script: &str) -> Finished {
    asked(&one(GRANT, script), GRANT).await
}

#[tokio::test]
async fn what_a_plugin_provides_is_listed_and_nobody_else_is_asked() {
    let generation = one(GRANT, "return|6");
    assert_eq!(generation.hooks.provided(HookPoint::TokenGrant), ["urn:example:badge"]);
    assert!(generation.hooks.provided(HookPoint::ClientAssertion).is_empty());
    assert!(generation.hooks.any(HookPoint::TokenGrant) && !generation.hooks.any(HookPoint::ClientAssertion));
    assert!(generation.hooks.provide(HookPoint::TokenGrant, "urn:example:other", HookCall::default()).is_none());
    assert_eq!(generation.order, [(GRANT.to_owned(), vec!["bob".to_owned()])]);
}

#[tokio::test]
async fn a_grant_is_handed_over_as_it_was_decided() {
    let finished = granted("set|10|subject|alice\nset|10|scope|read write\nset|10|refresh|1\nset|10|auth_time|1699999999\nset|10|amr|pwd otp\nset|7|note|kept\nreturn|6").await;
    let expected = Granting {
        subject: Some("alice".into()),
        scope: Some("read write".into()),
        refresh: true,
        auth_time: Some(1_699_999_999),
        acr: None,
        amr: vec!["pwd".into(), "otp".into()],
    };
    assert!(matches!(&finished.verdict, Verdict::Grant(granting) if **granting == expected), "{:?}", finished.verdict);
    assert_eq!(finished.call.data["bob"]["note"], "kept");
    assert!(matches!(granted("return|6").await.verdict, Verdict::Grant(granting) if *granting == Granting::default()));
}

#[tokio::test]
async fn what_cannot_be_granted_is_refused() {
    for script in [
        "return|0",
        "return|1",
        "return|4",
        "return|7",
        "return|99",
        "set|10|subject|*256\nreturn|6",
        "set|10|auth_time|4000000000\nreturn|6",
        "set|10|auth_time|-1\nreturn|6",
        "set|10|auth_time|soon\nreturn|6",
    ] {
        assert_eq!(denied(&granted(script).await), (ErrorCode::ServerError, "KH0534"), "{script}");
    }
    assert_eq!(denied(&granted("deny|invalid_grant|no such badge|0\nreturn|2").await), (ErrorCode::InvalidGrant, "KH0535"));
    assert_eq!(denied(&granted("return|3").await), (ErrorCode::ServerError, "KH0530"));
}

#[tokio::test]
async fn each_hook_takes_its_own_decisions_alone() {
    let finished =
        granted("set|10|client_id|shop\nset|10|approve|1\nset|6|a|b\nset|9|a|b\nbody|x\nset|10|subject|a\\nb\nreport|7|notes\nreturn|6")
            .await;
    assert_eq!(finished.call.data["bob"]["notes"], "-2 -2 -4 -4 -4 -2");
    let finished = asked(&one(ASSERTION, "set|10|subject|alice\nset|10|client_id|shop\nreport|7|notes\nreturn|7"), ASSERTION).await;
    assert!(matches!(&finished.verdict, Verdict::Client(id) if id == "shop"), "{:?}", finished.verdict);
    assert_eq!(finished.call.data["bob"]["notes"], "-2 0");
    for script in ["return|7", "set|10|client_id|\nreturn|7", "return|6", "return|0"] {
        assert_eq!(denied(&asked(&one(ASSERTION, script), ASSERTION).await), (ErrorCode::ServerError, "KH0534"), "{script}");
    }
    assert_eq!(denied(&support::calls::token(&one("access_token_response", "return|6")).await), (ErrorCode::ServerError, "KH0534"));
}

#[tokio::test]
async fn a_plugin_that_hangs_or_rests_grants_nothing() {
    let gate = folder().join("gate");
    let script = format!("wait|{}\nreturn|6", gate.display());
    let of_all = |settings: &mut PluginSettings| settings.timeout = Some(Duration::from_millis(30));
    let of_the_hook = |settings: &mut PluginSettings| {
        settings.timeouts.insert("token_grant".into(), Duration::from_millis(30));
    };
    assert_eq!(denied(&asked(&one_with(GRANT, "0", of_all, &script), GRANT).await), (ErrorCode::TemporarilyUnavailable, "KH0531"));
    assert_eq!(denied(&asked(&one_with(GRANT, "0", of_the_hook, &script), GRANT).await), (ErrorCode::TemporarilyUnavailable, "KH0531"));
    // Lets the threads go.
    std::fs::write(gate, "").unwrap();
    let broken = one_with(GRANT, "KH_HOOK_INLINE", |settings| settings.max_panics = 2, "return|3");
    for expected in ["KH0530", "KH0530", "KH0532"] {
        assert_eq!(denied(&asked(&broken, GRANT).await).1, expected);
    }
}

#[test]
fn a_value_has_one_provider_and_the_servers_own_is_nobody_elses() {
    let (folder, host) = (folder(), host());
    for name in ["alice", "bob"] {
        build(&folder, name, &[&hook(GRANT, 100, "0")]);
    }
    let refusals = |generation: &Generation| -> Vec<String> {
        let refused = generation.report.iter().filter_map(|report| Some((report.name.clone(), report.refusal.as_ref()?)));
        refused.map(|(name, refusal)| format!("{name}: {} {refusal}", refusal.code())).collect()
    };
    let generation = host.build(&plan(&folder)).map_err(|report| support::lines(&report)).unwrap();
    let provided = "KH0526 token_grant = \"urn:example:badge\" is already provided by";
    assert_eq!(refusals(&generation), [format!("bob: {provided} plugin `alice`")]);
    let mut own = plan(&folder);
    own.provided = vec![(HookPoint::TokenGrant, "urn:example:badge".into())];
    let generation = host.build(&own).map_err(|report| support::lines(&report)).unwrap();
    assert_eq!(refusals(&generation), [format!("alice: {provided} the server"), format!("bob: {provided} the server")]);
    assert!(generation.hooks.provided(HookPoint::TokenGrant).is_empty());
}

#[test]
fn a_hook_that_provides_names_an_absolute_uri_and_has_no_observer() {
    let refused = |name: &str, flags: &str| {
        let folder = folder();
        build(&folder, "bob", &[&hook(name, 100, flags)]);
        let mut plan = plan(&folder);
        plan.plugins.insert("bob".into(), scripts(&[]));
        host().build(&plan).map_err(|report| support::lines(&report)).unwrap().report[0].refusal.as_ref().map(ToString::to_string)
    };
    for name in ["token_grant", "token_grant=", "token_grant=badge", "token_grant=urn:a b", "client_assertion=:x", "token_grant=password"] {
        assert!(refused(name, "0").is_some_and(|text| text.starts_with("bad module table: hook ")), "{name}");
    }
    assert!(refused(GRANT, "KH_HOOK_OBSERVER").is_some_and(|text| text.contains("decides alone")));
    assert!(refused("access_token_response=urn:x", "0").is_some(), "only some hooks provide");
    assert_eq!(refused(GRANT, "0"), None);
}

/// A library that was built for version 1.0 runs as it did.
#[tokio::test]
async fn an_older_plugin_still_loads() {
    let folder = folder();
    let hook = hook("access_token_response", 100, "KH_HOOK_INLINE");
    let library = build(&folder, "bob", &[&hook]);
    let mut bytes = std::fs::read(&library).unwrap();
    let tag = bytes.windows(8).position(|window| window == keyhook_plugin::abi::MAGIC).unwrap();
    let minor = tag + std::mem::offset_of!(keyhook_plugin::abi::AbiTag, abi_minor);
    assert_eq!(bytes[minor], 1);
    bytes[minor] = 0;
    std::fs::write(&library, bytes).unwrap();
    let mut plan = plan(&folder);
    plan.plugins.insert("bob".into(), scripts(&[("access_token_response", "set|6|a|b")]));
    let finished = support::calls::token(&generation(&host(), &plan)).await;
    assert_eq!(finished.call.response["a"], "b");
}
