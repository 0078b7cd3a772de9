//! Hooks of plugins' own: who fires, who answers, and what may not be fired.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use keyhook_component::hooks::Finished;
use keyhook_host::PluginSettings;
use support::calls::{TOKEN, notes, one, one_with, token};
use support::{build, folder, generation, hook, host, plan, scripts};

/// Two plugins: `bob` fires `acme.signed_in`, `ear` listens.
async fn fired(fire: &str, listen: &str, listener_flags: &str) -> Finished {
    let (folder, host) = (folder(), host());
    let mut plan = plan(&folder);
    build(&folder, "bob", &[]);
    build(&folder, "ear", &[&hook("acme.signed_in", 100, &format!("KH_HOOK_CUSTOM | {listener_flags}"))]);
    plan.plugins.insert("bob".into(), scripts(&[(TOKEN, fire)]));
    plan.plugins.insert("ear".into(), scripts(&[("acme.signed_in", listen)]));
    token(&generation(&host, &plan)).await
}

#[tokio::test]
async fn a_plugin_fires_a_hook_of_its_own_and_another_answers() {
    let fire = "fire|acme.signed_in|{\"user\":\"bob\"}\nfire|nobody.listens|[1]\nfire|authorization_GET|{}\nfire|acme.signed_in|{broken\nreport|7|notes";
    let finished = fired(fire, "get|11|user\njson|11|seen|true\nremove|11|user\nget|6|access_token", "KH_HOOK_INLINE").await;
    assert_eq!(notes(&finished), "1={\"seen\":true} 1=[1] -2 -2");
}

#[tokio::test]
async fn a_listener_that_denies_or_blocks_or_recurs_is_a_refusal() {
    let fire = "fire|acme.signed_in|{}\nreport|7|notes";
    for listen in ["return|2", "return|3", "return|4", "return|99"] {
        assert_eq!(notes(&fired(fire, listen, "KH_HOOK_INLINE").await), "-11", "{listen}");
    }
    let told = "fire|acme.signed_in|{}\nget|0|fired_plugin\nget|0|fired_error\nget|0|fired_description\nreport|7|notes";
    assert_eq!(notes(&fired(told, "return|0", "0").await), "-5 0=ear -1 -1", "a blocking listener under an inline hook");
    let private = "deny|access_denied|the users own|0\nreturn|2";
    assert_eq!(notes(&fired(told, private, "KH_HOOK_INLINE").await), "-10 0=ear -1 -1");
    let public = "deny|access_denied|try again at noon|1\nreturn|2";
    assert_eq!(notes(&fired(told, public, "KH_HOOK_INLINE").await), "-10 0=ear 0=access_denied 0=try again at noon");
    let again = "fire|acme.signed_in|{}\nfire|nobody.listens|{}\nget|0|fired_plugin\nreport|7|notes";
    assert_eq!(notes(&fired(again, public, "KH_HOOK_INLINE").await), "-10 1={} -1", "the next one begins anew");
    let again = fired(fire, "fire|acme.signed_in|{}\njson|11||{}\nreport|11|codes", "KH_HOOK_INLINE").await;
    assert_eq!(notes(&again), "1={\"codes\":\"-7 0\"}");
}

#[tokio::test]
async fn blocking_functions_are_refused_to_inline_hooks_and_without_a_store() {
    let script = "store_get|k\nstore_put|k|v\nrandom\ncancelled\nreport|7|notes";
    assert_eq!(notes(&token(&one(TOKEN, script)).await), "-4 -4 7 0", "this host has no store");
    let none = |settings: &mut PluginSettings| settings.allow = Some(vec![]);
    assert_eq!(notes(&token(&one_with(TOKEN, "0", none, script)).await), "-7 -7 7 0");
}
