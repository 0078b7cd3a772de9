//! The hooks of OAuth 1.0a (RFC 5849), on libraries built by gcc: what each may see, change and decide.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use keyhook_component::hooks::{Finished, HookCall, HookPoint, Verdict};
use keyhook_core::error_code::ErrorCode;
use keyhook_core::secret::Secret;
use keyhook_host::{Generation, PluginSettings};
use serde_json::json;
use support::calls::{denied, notes, one, one_with};
use support::{build, folder, hook, host, plan, scripts};

const METHOD: &str = "oauth1_signature=HMAC-SHA384";
const ANSWERS: [HookPoint; 2] = [HookPoint::RequestTokenResponse, HookPoint::Oauth1AccessTokenResponse];

fn answer() -> HookCall {
    let mut call = HookCall::default();
    let members = json!({"oauth_token": "kht_x", "oauth_token_secret": "hush", "oauth_callback_confirmed": "true"});
    call.response.clone_from(members.as_object().unwrap());
    call.fact("client_id", "shop");
    call
}

async fn edited(point: HookPoint, script: &str) -> Finished {
    one(point.name(), script).hooks.run(point, answer()).await
}

fn signed() -> HookCall {
    let mut call = HookCall::default();
    call.fact("signature_method", "HMAC-SHA384");
    call.secret("base_string", Secret::new("GET&http%3A%2F%2Fa%2F&b%3D1".to_owned()));
    call.secret("signing_key", Secret::new("kd94%26&hush".to_owned()));
    call
}

async fn expected(generation: &Generation) -> Finished {
    generation.hooks.provide(HookPoint::Oauth1Signature, "HMAC-SHA384", signed()).unwrap().await
}

async fn consumer(script: &str) -> Finished {
    let mut call = HookCall::default();
    call.fact("consumer_key", "dpf43f3p2l4k3l03");
    one("oauth1_consumer", script).hooks.run(HookPoint::Oauth1Consumer, call).await
}

#[tokio::test]
async fn both_answers_are_edited_and_denied() {
    for point in ANSWERS {
        let finished = edited(
            point,
            "set|6|user_id|7\njson|6|level|3\njson|6|vip|true\nget|6|oauth_token\nset|6|expires_in|60\nremove|6|level\nset|7|a|b",
        )
        .await;
        assert!(matches!(finished.verdict, Verdict::Continue), "{:?}", finished.verdict);
        let expected = json!({
            "oauth_token": "kht_x", "oauth_token_secret": "hush", "oauth_callback_confirmed": "true", "user_id": "7", "vip": true, "expires_in": "60"
        });
        assert_eq!(&finished.call.response, expected.as_object().unwrap());
        let finished = edited(point, "set|6|user_id|7\ndeny|access_denied|not today|1\nreturn|2").await;
        assert_eq!(denied(&finished), (ErrorCode::AccessDenied, "KH0535"));
        assert!(finished.call.response.is_empty(), "no edit is kept");
    }
}

/// RFC 5849 §2.1, §2.3: what the protocol says in an answer, no plugin changes.
#[tokio::test]
async fn a_protected_member_of_an_answer_is_neither_set_nor_removed() {
    for point in ANSWERS {
        for name in ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed", "oauth_problem", "oauth_problem_advice"] {
            let script = format!("set|6|{name}|mine\njson|6|{name}|true\nremove|6|{name}\nreport|6|notes");
            let mut finished = edited(point, &script).await;
            assert_eq!(finished.call.response.remove("notes"), Some(json!("-7 -7 -7")), "{name}");
            assert_eq!(finished.call.response, answer().response);
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_a_form_holds_no_lists_and_no_more_than_sixteen_kibibytes() {
    for point in ANSWERS {
        let finished =
            edited(point, "json|6|a|[1]\njson|6|a|{}\njson|6|a|null\njson|6|a|{\nset|6||x\nset|6|a|*20000\nreport|6|notes").await;
        assert_eq!(finished.call.response["notes"], "-3 -3 -3 -2 -2 -2");
        assert!(!finished.call.response.contains_key("a"));
    }
}

#[tokio::test]
async fn token_credentials_show_the_data_of_their_authorization_and_keep_no_more() {
    let run = async |point: HookPoint| {
        let mut call = answer();
        for (plugin, tenant) in [("bob", "acme"), ("other", "theirs")] {
            call.data.entry(plugin.into()).or_default().insert("tenant".into(), tenant.into());
        }
        let generation = one(point.name(), "get|7|tenant\nlist|7|0\nset|7|tenant|x\njson|7|a|1\nremove|7|tenant\nreport|6|notes");
        let finished = generation.hooks.run(point, call.clone()).await;
        assert_eq!(finished.call.data, call.data);
        finished.call.response["notes"].as_str().unwrap().to_owned()
    };
    assert_eq!(run(HookPoint::Oauth1AccessTokenResponse).await, "0=acme 0=tenant 0=acme -7 -7 -7");
    assert_eq!(run(HookPoint::RequestTokenResponse).await, "-4 -4 -4 -4 -4", "nobody has authorized anything");
}

#[tokio::test]
async fn an_answer_has_no_session_no_outcome_and_no_response_of_the_plugin_s_own() {
    for point in ANSWERS {
        let finished =
            edited(point, "set|9|a|b\nset|10|client_id|x\nset|10|signature|x\nset|11|a|b\nbody|x\nset|0|subject|eve\nreport|6|notes").await;
        assert_eq!(finished.call.response["notes"], "-4 -4 -4 -4 -4 -7");
        for code in ["return|1", "return|4", "return|5", "return|6", "return|7", "return|8", "return|99"] {
            assert_eq!(denied(&edited(point, code).await), (ErrorCode::ServerError, "KH0534"), "{code}");
        }
        assert_eq!(denied(&edited(point, "return|3").await), (ErrorCode::ServerError, "KH0530"));
    }
}

#[tokio::test]
async fn a_method_gets_base_string_and_key_and_says_what_the_signature_is() {
    let generation =
        one(METHOD, "get|0|base_string\nget|0|signing_key\nget|0|signature_method\nreport|7|notes\nset|10|signature|c2ln+/==\nreturn|8");
    assert_eq!(generation.hooks.provided(HookPoint::Oauth1Signature), ["HMAC-SHA384"]);
    assert!(generation.hooks.provide(HookPoint::Oauth1Signature, "hmac-sha384", signed()).is_none(), "names are compared as they are");
    let finished = expected(&generation).await;
    assert!(matches!(&finished.verdict, Verdict::Signature(text) if text.expose() == "c2ln+/=="), "{:?}", finished.verdict);
    assert_eq!(notes(&finished), "0=GET&http%3A%2F%2Fa%2F&b%3D1 0=kd94%26&hush 0=HMAC-SHA384");
    let shown = format!("{finished:?}");
    assert!(!shown.contains("c2ln") && !format!("{:?}", signed()).contains("hush"), "{shown}");
}

#[tokio::test]
async fn what_signs_is_in_no_list_and_in_no_other_call() {
    let finished = expected(&one(METHOD, "list|0|0\nlist|0|1\nset|0|signing_key|x\nreport|7|notes\nset|10|signature|x\nreturn|8")).await;
    assert_eq!(notes(&finished), "0=signature_method 0=HMAC-SHA384 -1 -7");
    let finished = edited(HookPoint::RequestTokenResponse, "get|0|signing_key\nget|0|base_string\nreport|6|notes").await;
    assert_eq!(finished.call.response["notes"], "-1 -1");
}

#[tokio::test]
async fn a_method_that_fails_denies_or_says_nothing_signs_nothing() {
    for script in [
        "return|0",
        "return|1",
        "return|4",
        "return|6",
        "return|7",
        "return|8",
        "return|99",
        "set|10|signature|\nreturn|8",
        "set|10|signature|*5000\nreturn|8",
        "set|10|signature|a\\nb\nreturn|8",
        "set|10|client_id|shop\nreturn|8",
    ] {
        assert_eq!(denied(&expected(&one(METHOD, script)).await), (ErrorCode::ServerError, "KH0534"), "{script}");
    }
    assert_eq!(denied(&expected(&one(METHOD, "return|3")).await), (ErrorCode::ServerError, "KH0530"));
    assert_eq!(denied(&expected(&one(METHOD, "deny|invalid_request|no|0\nreturn|2")).await), (ErrorCode::InvalidRequest, "KH0535"));
    let gate = folder().join("gate");
    let soon = |settings: &mut PluginSettings| {
        settings.timeouts.insert("oauth1_signature".into(), Duration::from_millis(30));
    };
    let late = one_with(METHOD, "0", soon, &format!("wait|{}\nset|10|signature|x\nreturn|8", gate.display()));
    assert_eq!(denied(&expected(&late).await), (ErrorCode::TemporarilyUnavailable, "KH0531"));
    // Lets the thread go.
    std::fs::write(gate, "").unwrap();
}

#[test]
fn a_method_has_a_name_one_owner_and_no_observer() {
    let refused = |name: &str, flags: &str, own: Option<&str>| {
        let folder = folder();
        build(&folder, "bob", &[&hook(name, 100, flags)]);
        let mut plan = plan(&folder);
        plan.plugins.insert("bob".into(), scripts(&[]));
        plan.provided = own.map(|method| (HookPoint::Oauth1Signature, method.to_owned())).into_iter().collect();
        let generation = host().build(&plan).map_err(|report| support::lines(&report)).unwrap();
        generation.report[0].refusal.as_ref().map(|refusal| format!("{} {refusal}", refusal.code()))
    };
    for name in ["oauth1_signature", "oauth1_signature=", "oauth1_signature=HMAC SHA1", "oauth1_signature=a=b", "oauth1_signature=urn:x"] {
        assert!(refused(name, "0", None).is_some_and(|text| text.starts_with("KH0511 bad module table: hook ")), "{name}");
    }
    assert!(refused(METHOD, "KH_HOOK_OBSERVER", None).is_some_and(|text| text.contains("decides alone")));
    let taken = refused("oauth1_signature=HMAC-SHA1", "0", Some("HMAC-SHA1"));
    assert_eq!(taken.as_deref(), Some("KH0526 oauth1_signature = \"HMAC-SHA1\" is already provided by the server"));
    assert!(refused("oauth1_consumer=x", "0", None).is_some(), "only some hooks provide");
    assert_eq!(refused(METHOD, "0", Some("HMAC-SHA1")), None);
}

#[tokio::test]
async fn a_consumer_key_stands_for_whom_the_first_plugin_names() {
    let finished = consumer("get|0|consumer_key\nreport|7|notes\nset|10|client_id|shop\nreturn|7").await;
    assert!(matches!(&finished.verdict, Verdict::Client(id) if id == "shop"), "{:?}", finished.verdict);
    assert_eq!((notes(&finished), finished.plugin.as_deref()), ("0=dpf43f3p2l4k3l03", Some("bob")));
    assert!(matches!(consumer("return|0").await.verdict, Verdict::Continue), "nobody knows it");
    assert_eq!(denied(&consumer("deny|invalid_client|gone|0\nreturn|2").await), (ErrorCode::InvalidClient, "KH0535"));
    for script in
        ["return|7", "set|10|client_id|\nreturn|7", "set|10|subject|eve\nreturn|7", "return|1", "return|4", "return|6", "return|8"]
    {
        assert_eq!(denied(&consumer(script).await), (ErrorCode::ServerError, "KH0534"), "{script}");
    }
    assert_eq!(denied(&consumer("return|3").await), (ErrorCode::ServerError, "KH0530"));
}

#[tokio::test]
async fn a_request_may_be_denied_and_is_never_permitted() {
    let run = async |script: &str| {
        let mut call = HookCall::default();
        for (name, value) in [("consumer_key", "dpf43"), ("token", "nnch7"), ("timestamp", "137131202"), ("nonce", "chapoH")] {
            call.fact(name, value);
        }
        one("oauth1_request", script).hooks.run(HookPoint::Oauth1Request, call).await
    };
    let finished = run(
        "get|0|consumer_key\nget|0|token\nget|0|timestamp\nget|0|nonce\nget|0|signing_key\nset|10|client_id|x\nset|6|a|b\nreport|7|notes",
    )
    .await;
    assert_eq!(notes(&finished), "0=dpf43 0=nnch7 0=137131202 0=chapoH -1 -4 -4");
    assert_eq!(denied(&run("deny|invalid_request|older than the last|0\nreturn|2").await), (ErrorCode::InvalidRequest, "KH0535"));
    for script in ["return|1", "return|4", "return|5", "return|6", "return|7", "return|8"] {
        assert_eq!(denied(&run(script).await), (ErrorCode::ServerError, "KH0534"), "{script}");
    }
    assert_eq!(denied(&run("return|3").await), (ErrorCode::ServerError, "KH0530"));
}

/// A library of version 1.0 knows nothing of these hooks, and hooks that are optional are left alone by a server that lacks them.
#[test]
fn a_hook_that_this_server_does_not_know_is_refused_by_name() {
    let folder = folder();
    build(&folder, "bob", &[&hook("oauth1_nonce", 100, "0")]);
    let generation = host().build(&plan(&folder)).map_err(|report| support::lines(&report)).unwrap();
    let text = generation.report[0].refusal.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(text.contains("oauth1_request") && text.contains("request_token_response"), "{text}");
}
