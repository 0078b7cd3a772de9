//! Hook chains of real libraries: order, outcomes, failing closed, and what a plugin cannot do.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use keyhook_component::hooks::{Approved, Finished, HookCall, HookPoint, Verdict};
use keyhook_component::request::Request;
use keyhook_core::error_code::ErrorCode;
use keyhook_host::{Generation, Host, Plan, PluginSettings, World};
use serde_json::json;
use support::{build, clock, folder, generation, hook, host, lines, plan, probe, scripts, token_call, world};

const TOKEN: &str = "access_token_response";

/// A generation of one plugin `bob` on one hook, inline, with a script.
fn one(point: &str, script: &str) -> Generation {
    one_with(point, "KH_HOOK_INLINE", |_| {}, script)
}

fn one_with(point: &str, flags: &str, change: impl FnOnce(&mut PluginSettings), script: &str) -> Generation {
    let folder = folder();
    build(&folder, "bob", &[&hook(point, 100, flags)]);
    let mut plan = plan(&folder);
    let mut settings = scripts(&[(point, script)]);
    change(&mut settings);
    plan.plugins.insert("bob".into(), settings);
    generation(&host(), &plan)
}

async fn token(generation: &Generation) -> Finished {
    generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).await
}

fn request(headers: &[(&'static str, &'static str)]) -> Arc<Request> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    Arc::new(Request {
        id: "r1".into(),
        method: Method::GET,
        path: "/authorize".into(),
        query: "a=1&b=two+words".into(),
        headers: map,
        body: "secret=s".into(),
        client_ip: [127, 0, 0, 1].into(),
        scheme: "http",
        host: "localhost:8080".into(),
        path_parameters: Vec::new(),
    })
}

fn authorization_call() -> HookCall {
    let mut call = HookCall { request: Some(request(&[])), session: Some(BTreeMap::new()), ..HookCall::default() };
    call.fact("client_id", "shop");
    call.fact("redirect_uri", "https://shop.example/cb");
    call.fact("scope", "read write");
    call
}

async fn authorize(generation: &Generation) -> Finished {
    generation.hooks.run(HookPoint::AuthorizationGet, authorization_call()).await
}

fn denied(finished: &Finished) -> (ErrorCode, &'static str) {
    match &finished.verdict {
        Verdict::Deny(error) => (error.code, error.kh),
        other => panic!("{other:?}"),
    }
}

/// What a script noted under the data member `notes`.
fn notes(finished: &Finished) -> &str {
    finished.call.data["bob"]["notes"].as_str().unwrap()
}

#[tokio::test]
async fn an_edit_of_the_token_response_is_kept() {
    let generation = one(TOKEN, "set|6|user_name|Bob\njson|6|n|{\"a\":[1]}\nremove|6|expires_in");
    let finished = token(&generation).await;
    assert!(matches!(finished.verdict, Verdict::Continue), "{:?}", finished.verdict);
    assert_eq!(finished.call.response["user_name"], "Bob");
    assert_eq!(finished.call.response["n"], json!({"a": [1]}));
    assert!(!finished.call.response.contains_key("expires_in"));
}

/// RFC 6749 §5.1: what a client relies on is the server's alone.
#[tokio::test]
async fn who_changed_what_is_noted_where_somebody_asks() {
    let generation = one(TOKEN, "set|6|tenant|acme\nset|6|scope|admin\nremove|6|expires_in");
    assert_eq!(token(&generation).await.call.changes, None);
    let asked = HookCall { changes: Some(Vec::new()), ..token_call() };
    let changes = generation.hooks.run(HookPoint::AccessTokenResponse, asked).await.call.changes.unwrap();
    let told: Vec<_> = changes.iter().map(|change| (change.plugin.as_str(), change.hook, change.change.as_str())).collect();
    assert_eq!(told, [("bob", TOKEN, "tenant = \"acme\""), ("bob", TOKEN, "removed expires_in")]);
}

#[tokio::test]
async fn protected_members_are_read_only() {
    let script = "set|6|access_token|x\nremove|6|access_token\nset|6|token_type|x\njson|6|refresh_token|1\nset|6|id_token|x\nset|6|scope|admin\n\
                  set|6|error|x\nset|6|error_description|x\njson|6|expires_in|99999\nget|6|access_token\nreport|7|notes";
    let finished = token(&one(TOKEN, script)).await;
    assert_eq!(notes(&finished), "-7 -7 -7 -7 -7 -7 -7 -7 -7 0=kha_x");
    assert_eq!(finished.call.response, token_call().response);
}

#[tokio::test]
async fn what_is_malformed_or_too_large_is_refused() {
    let script = "json|6|a|{broken\nset|6|b|\\x\nset|6|c|*17000\nset|6||x\nset|7|d|*5000\nset|6|e|*9000\nset|6|f|*9000\nremove|6|e\nset|6|f|*9000\n\
                  set|99|x|y\nget|99|x\nset|0|hook|x\nset|9|k|v\nremove|6|absent\nnull\nreport|7|notes";
    let finished = token(&one(TOKEN, script)).await;
    assert_eq!(notes(&finished), "-2 -2 -2 -2 -2 0 -2 0 0 -4 -4 -7 -4 -1 -2 -2 -2 -2");
}

#[tokio::test]
async fn a_plugin_sees_its_own_cookies_and_data_and_no_credentials() {
    let script = "get|4|cookie\nget|4|authorization\nget|4|user-agent\nget|2|b\nget|1|path\nget|1|body\nget|0|hook\nget|0|plugin\nget|0|issuer\n\
                  get|0|request_id\nget|0|client_ip\nget|7|mine\nget|8|/number\nlist|7|0\nlist|7|9\nreport|7|notes";
    let change = |settings: &mut PluginSettings| settings.config["number"] = json!(5);
    let generation = one_with("authorization_GET", "KH_HOOK_INLINE", change, script);
    let mut call = authorization_call();
    call.request = Some(request(&[
        ("cookie", "sid=secret; bob-a=1; bobby=2"),
        ("cookie", "bob-b=2"),
        ("authorization", "Basic x"),
        ("user-agent", "t"),
    ]));
    call.data.insert("bob".into(), json!({"mine": "yes"}).as_object().unwrap().clone());
    call.data.insert("eve".into(), json!({"mine": "no"}).as_object().unwrap().clone());
    let finished = generation.hooks.run(HookPoint::AuthorizationGet, call).await;
    let expected = "0=bob-a=1; bob-b=2 -1 0=t 0=two words 0=/authorize -4 0=authorization_GET 0=bob 0=http://localhost:8080 0=r1 0=127.0.0.1 \
                    0=yes 1=5 0=mine 0=yes -1";
    assert_eq!(notes(&finished), expected);
    assert_eq!(finished.call.data["eve"], *json!({"mine": "no"}).as_object().unwrap());
}

#[tokio::test]
async fn the_session_is_per_plugin_and_only_for_authorization() {
    let finished = authorize(&one("authorization_GET", "set|9|step|1\nget|9|step\nset|9|big|*5000\nreport|7|notes")).await;
    assert_eq!(notes(&finished), "0 0=1 -2");
    assert_eq!(finished.call.session.unwrap()["bob"]["step"], "1");
    let forbid = |settings: &mut PluginSettings| settings.allow = Some(vec![]);
    let finished = authorize(&one_with("authorization_GET", "KH_HOOK_INLINE", forbid, "set|9|step|1\nget|9|step\nreport|7|notes")).await;
    assert_eq!(notes(&finished), "-7 -7");
}

/// Three plugins that append their names to a member.
fn three(folder: &Path, flags: &str) -> Plan {
    let mut plan = plan(folder);
    for (name, priority) in [("cyd", 50), ("bob", 100), ("ann", 100)] {
        build(folder, name, &[&hook(TOKEN, priority, flags)]);
        plan.plugins.insert(name.into(), scripts(&[(TOKEN, "append|names")]));
    }
    plan
}

#[tokio::test]
async fn plugins_run_by_priority_then_by_name_and_the_operator_has_the_last_word() {
    for flags in ["KH_HOOK_INLINE", "0"] {
        let (folder, host) = (folder(), host());
        let mut plan = three(&folder, flags);
        let first = generation(&host, &plan);
        assert_eq!(token(&first).await.call.response["names"], "cydannbob");
        assert_eq!(first.order, [(TOKEN.to_owned(), vec!["cyd".to_owned(), "ann".to_owned(), "bob".to_owned()])]);
        plan.plugins.get_mut("bob").unwrap().priority_of_all = Some(1);
        assert_eq!(token(&generation(&host, &plan)).await.call.response["names"], "bobcydann");
        plan.plugins.get_mut("bob").unwrap().priority.insert(TOKEN.into(), 2);
        let second = generation(&host, &plan);
        assert_eq!(token(&second).await.call.response["names"], "bobcydann");
        assert_ne!(first.hooks.generation(HookPoint::AuthorizationGet), first.hooks.generation(HookPoint::AccessTokenResponse));
        plan.order.insert(TOKEN.into(), ["ann", "bob", "cyd"].map(str::to_owned).into());
        assert_eq!(token(&generation(&host, &plan)).await.call.response["names"], "annbobcyd");
        for wrong in [vec!["ann", "bob"], vec!["ann", "bob", "cyd", "dan"], vec!["ann", "ann", "bob", "cyd"]] {
            plan.order.insert(TOKEN.into(), wrong.into_iter().map(str::to_owned).collect());
            let generation = host.build(&plan).map_err(|report| lines(&report)).unwrap();
            assert!(generation.report.iter().any(|report| report.refusal.as_ref().is_some_and(|refusal| refusal.code() == "KH0520")));
        }
    }
}

#[tokio::test]
async fn inline_and_blocking_plugins_mix_in_one_chain() {
    let (folder, host) = (folder(), host());
    let mut plan = plan(&folder);
    for (name, priority, flags) in [("ann", 1, "0"), ("bob", 2, "0"), ("cyd", 3, "KH_HOOK_INLINE"), ("dan", 4, "0")] {
        build(&folder, name, &[&hook(TOKEN, priority, flags)]);
        plan.plugins.insert(name.into(), scripts(&[(TOKEN, "append|names")]));
    }
    assert_eq!(token(&generation(&host, &plan)).await.call.response["names"], "annbobcyddan");
}

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
    assert_eq!((wire.as_str(), cause.as_str()), ("the request was denied", "plugin `bob` denied: user 7 owes us"));
}

#[tokio::test]
async fn an_authorization_hook_answers_the_browser_within_the_rules() {
    let script = "status|199\nstatus|600\nstatus|202\nheader|X-A|1\nheader|X-B|a\\r\\nSet-Cookie: x=y\nheader|bad name|x\nheader|Set-Cookie|sid=1\n\
                  header|Set-Cookie|bob-x=1; Path=/\nheader|Location|https://evil.example/\nheader|Location|//evil.example/\nheader|Location|/\\\\evil\nheader|Location|/\t/evil.example\n\
                  header|Location|https://shop.example/cb.evil\nheader|Location|https://shop.example/cb?x=1\nheader|Location|/login\n\
                  header|Content-Length|5\nheader|Cache-Control|public\nheader|Content-Security-Policy|default-src *\n\
                  header|Location|https://login.example.evil/\nheader|Location|https://login.example/in\npage|T|<p>hi</p>\nreport|7|notes\nreturn|1";
    let login = |settings: &mut PluginSettings| settings.login_origins = vec!["https://login.example".into()];
    let finished = authorize(&one_with("authorization_GET", "0", login, script)).await;
    assert_eq!(notes(&finished), "-2 -2 0 0 -2 -2 -7 0 -7 -7 -7 -7 -7 0 0 -7 0 0 -7 0 0");
    let Verdict::Respond(response) = finished.verdict else { panic!("{:?}", finished.verdict) };
    let header = |name: &str| response.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(response.status.as_u16(), 202);
    assert_eq!(&*response.body, b"<p>hi</p>");
    assert_eq!(header("set-cookie"), ["bob-x=1; Path=/"]);
    assert_eq!(header("location"), ["https://login.example/in"]);
    assert_eq!(header("cache-control"), ["no-store"]);
    assert_eq!(header("content-security-policy"), ["default-src *", "base-uri 'none'; frame-ancestors 'none'"]);
    assert_eq!((header("x-content-type-options"), header("referrer-policy")), (vec!["nosniff".to_owned()], vec!["no-referrer".to_owned()]));
}

#[tokio::test]
async fn a_sign_in_names_a_subject_and_no_future() {
    let signed = |script: &'static str| async move { authorize(&one("authorization_GET", script)).await.verdict };
    match signed("set|10|subject|alice\nset|10|auth_time|1700000000\nset|10|amr|pwd otp\nset|10|acr|2\nreturn|4").await {
        Verdict::SignIn(user) => {
            assert_eq!((user.subject.as_str(), user.auth_time, user.acr.as_deref()), ("alice", Some(1_700_000_000), Some("2")));
            assert_eq!(user.amr, ["pwd", "otp"]);
        }
        other => panic!("{other:?}"),
    }
    let wrong = [
        "return|4",
        "set|10|subject|*256\nreturn|4",
        "set|10|subject|a\\nb\nreturn|4",
        "set|10|subject|a\nset|10|auth_time|1700000001\nreturn|4",
        "set|10|subject|a\nset|10|auth_time|-1\nreturn|4",
        "set|10|subject|a\nset|10|auth_time|soon\nreturn|4",
    ];
    for script in wrong {
        assert!(matches!(signed(script).await, Verdict::Deny(error) if error.kh == "KH0534"), "{script}");
    }
}

#[tokio::test]
async fn only_a_plugin_that_may_approves_and_only_what_was_asked_for() {
    let run = |may: bool, subject: bool, script: &'static str| async move {
        let allow = move |settings: &mut PluginSettings| settings.allow = may.then(|| vec!["approve".into()]);
        let generation = one_with("authorization_GET", "KH_HOOK_INLINE", allow, script);
        let mut call = authorization_call();
        if subject {
            call.fact("subject", "alice");
        }
        generation.hooks.run(HookPoint::AuthorizationGet, call).await.verdict
    };
    assert!(matches!(run(true, true, "set|10|scope|read\nreturn|5").await, Verdict::Approve(Approved::Part(scope)) if scope == "read"));
    assert!(matches!(run(true, true, "return|5").await, Verdict::Approve(Approved::Everything)));
    assert!(matches!(run(false, true, "return|5").await, Verdict::Deny(_)), "not allowed");
    assert!(matches!(run(true, false, "return|5").await, Verdict::Deny(_)), "nobody signed in");
    let both = "set|10|subject|alice\nset|10|approve|1\nreturn|4";
    assert!(matches!(run(true, false, both).await, Verdict::SignIn(user) if user.approved == Some(Approved::Everything)));
    assert!(matches!(run(false, false, both).await, Verdict::Deny(_)), "signs in, but may not approve");
    assert!(matches!(run(true, true, "set|10|scope|read admin\nreturn|5").await, Verdict::Deny(_)), "more than requested");
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
