//! Hook chains of real libraries: order, outcomes, and what a plugin cannot do.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::path::Path;

use keyhook_component::hooks::{Approved, HookCall, HookPoint, Verdict};
use keyhook_host::{Plan, PluginSettings};
use serde_json::json;
use support::calls::{TOKEN, authorization_call, authorize, notes, one, one_with, request, token};
use support::{build, folder, generation, hook, host, lines, plan, scripts, token_call};

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
