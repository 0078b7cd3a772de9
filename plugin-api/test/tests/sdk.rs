//! The SDK's contexts against the stand-in server: what an author writes is what the server sees, and refusals come back.
//! It is one file, although long: the plugin on top and the calls of it below are read together.
#![allow(missing_docs, clippy::unnecessary_wraps, reason = "a plugin inside a test")]

use std::time::{Duration, UNIX_EPOCH};

use keyhook_plugin::prelude::*;
use keyhook_plugin::{html, json};
use keyhook_plugin_test::TestCall;

plugin! { name: "sdk", version: "1.2.3", start: start }

struct Greeting(String);

fn start(cx: &StartCx) -> Result<Greeting, String> {
    if cx.config().flag("/broken")? == Some(true) {
        return Err("`broken` is set".to_owned());
    }
    assert_ne!(cx.config().flag("/panic")?, Some(true), "told to panic");
    Ok(Greeting(cx.config().text("/greeting")?.unwrap_or_else(|| "hello".to_owned())))
}

/// One response hook whose deed is chosen by the configuration, so that each test is one call.
#[hook(access_token_response, inline)]
fn response(cx: &mut TokenResponseCx) -> Outcome {
    match cx.config().text("/deed")?.as_deref() {
        Some("set") => {
            let client = cx.client_id().to_owned();
            cx.response().set("client", client)?;
            cx.response().set("text", "a \"b\"")?;
            cx.response().set("integer", -3_i64)?;
            cx.response().set("flag", true)?;
            cx.response().set("float", 0.5)?;
            cx.response().set("list", &["x", "y"][..])?;
            cx.response().set("object", Json(r#"{"a": [1]}"#))?;
            let subject = subject_or_nobody(cx);
            cx.response().set("subject", subject)?;
        }
        Some("read") => {
            assert_eq!(cx.response().text("access_token")?.as_deref(), Some("test-token"));
            assert_eq!(cx.response().integer("expires_in")?, Some(3600));
            assert_eq!(cx.response().text("absent")?, None);
            assert_eq!(cx.response().raw("token_type")?.as_deref(), Some("\"Bearer\""));
            assert_eq!(cx.response().names(), ["access_token", "token_type", "expires_in"]);
            let wrong = cx.response().flag("expires_in").map_err(|refused| refused.reason());
            assert_eq!(wrong, Err(Reason::WrongType));
            assert_eq!(cx.scopes().collect::<Vec<_>>(), ["read", "write"]);
            assert_eq!(cx.grant_type(), "authorization_code");
            assert_eq!(cx.form("resource"), Some("https://api.example"));
            assert_eq!(cx.hook(), "access_token_response");
            assert_eq!(cx.now(), UNIX_EPOCH + Duration::from_secs(42));
            assert_eq!(cx.unix_time(), 42);
            assert_ne!(cx.random::<16>()?, cx.random::<16>()?);
            assert!(!cx.is_cancelled());
        }
        Some("protected") => {
            cx.response().set("extra", "lost")?;
            cx.response().set("access_token", "mine")?;
        }
        Some("not a number") => cx.response().set("nan", f64::NAN)?,
        Some("remove") => {
            let removed = (cx.response().remove("expires_in")?, cx.response().remove("expires_in")?);
            assert_eq!(removed, (true, false));
        }
        Some("store") => drop(cx.store().get("key")?),
        Some("data") => {
            let seen = cx.data().integer("seen")?.unwrap_or(0);
            cx.data().set("seen", seen + 1)?;
        }
        Some("wrong state") => drop(cx.state::<String>()?),
        Some("respond") => return Respond::text("no"),
        Some("panic") => panic!("told to panic"),
        _ => {
            let greeting = cx.state::<Greeting>()?;
            cx.response().set("greeting", &greeting.0)?;
        }
    }
    Continue
}

fn subject_or_nobody(cx: &TokenCx) -> String {
    cx.subject().unwrap_or("nobody").to_owned()
}

#[hook(access_token_response, inline, observer, priority = -1)]
fn watch(cx: &mut TokenResponseCx) -> Outcome {
    // An observer's return value counts for nothing, not even a denial.
    Err(Deny::server_error().because(cx.fact("outcome").unwrap_or("none").to_owned()))
}

#[hook(access_token_validation)]
fn once(cx: &mut TokenCx) -> Outcome {
    let client = cx.client_id().to_owned();
    match cx.store().cas(&client, None, "used", Duration::from_millis(1)) {
        Err(refused) if refused.reason() == Reason::Conflict => Err(Deny::invalid_grant().because("used twice").public()),
        other => {
            other?;
            Continue
        }
    }
}

#[hook(authorization_GET)]
fn ask(cx: &mut AuthorizationGetCx) -> Outcome {
    if cx.query("cancel").is_some() {
        return Err(Deny::access_denied());
    }
    if let Some(url) = cx.config().text("/login")? {
        return Respond::login_at(&url);
    }
    if cx.subject().is_some() && cx.query("approve").is_some() {
        let scopes: Vec<String> = cx.query("approve").unwrap_or_default().split(' ').map(str::to_owned).collect();
        return cx.approve(Approve::scopes(scopes));
    }
    let greeting = format!("<p>{}</p>{}", html::escape(cx.client_name()), cx.form_fields());
    cx.page("Who are you?", greeting)
}

#[hook(authorization_POST)]
fn answered(cx: &mut AuthorizationPostCx) -> Outcome {
    let user = cx.form("user").ok_or(Deny::invalid_request())?.to_owned();
    cx.session().set("last", &user)?;
    let payload = cx.fire("sdk.signed_in", &format!(r#"{{"user": {}}}"#, json::quote(&user)))?;
    let acr = json::at(&payload, "/acr").and_then(json::text).unwrap_or_default().into_owned();
    cx.data().set("via", "form")?;
    cx.sign_in(SignIn::user(user).amr("pwd").amr("otp").acr(acr).auth_time(7))
}

#[hook(custom = "sdk.signed_in", inline)]
fn level(cx: &mut CustomCx) -> Outcome {
    if cx.payload().text("user")?.as_deref() == Some("mallory") {
        return Err(Deny::access_denied());
    }
    if cx.payload().text("user")?.as_deref() == Some("eve") {
        return Err(Deny::access_denied().because("not before noon").public());
    }
    cx.payload().set("acr", "silver")?;
    Continue
}

#[handler(POST, "/notes/{id}", inline)]
fn note(cx: &RequestCx) -> Outcome {
    let pairs: Vec<_> = cx.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let body = format!(
        "{} {} {} {} {} {}",
        cx.method(),
        cx.path(),
        cx.path_parameter("id").unwrap_or_default(),
        pairs.join(","),
        cx.header("X-Thing").unwrap_or_default(),
        String::from_utf8_lossy(cx.body()),
    );
    Respond::status(201).header("location", "/notes/7")?.text(body)
}

#[handler(ANY, "/silent")]
fn silent(_: &mut RequestCx) -> Outcome {
    Continue
}

#[handler(GET, "/split")]
fn split(cx: &RequestCx) -> Outcome {
    Respond::redirect(cx.query("to").unwrap_or("/"))
}

#[handler(GET, "/forms/{kind}", inline)]
fn forms(cx: &RequestCx) -> Outcome {
    match cx.path_parameter("kind").unwrap_or_default() {
        "text" => Respond::text("t"),
        "html" => Respond::html("<p>h</p>"),
        "json" => Respond::json("{}"),
        "bytes" => Respond::header("x-kind", "b")?.bytes("image/png", [1, 2]),
        "page" => Respond::page("P", "<p>p</p>"),
        "empty" => Respond::empty(),
        "teapot" => Respond::status(418).empty(),
        "wrong status" => Respond::status(99).empty(),
        _ => Err(Deny::error("not_of_this_world", "no such form")),
    }
}

#[handler(POST, "/store")]
fn store(cx: &RequestCx) -> Outcome {
    let store = cx.store();
    for (name, value) in cx.form_pairs() {
        store.put(name, value, Duration::from_mins(1))?;
    }
    let first = store.get("a")?.unwrap_or_default();
    let deleted = (store.delete("a")?, store.delete("a")?);
    Respond::text(format!("{} {deleted:?} {}", String::from_utf8_lossy(&first), cx.header("x").is_some()))
}

fn deed(name: &str) -> TestCall {
    let config = format!(r#"{{"deed": {}}}"#, json::quote(name));
    TestCall::access_token_response().config(&config).fact("client_id", "shop").member("expires_in", "3600")
}

#[test]
fn members_are_set_as_their_types() {
    let answer = deed("set").run();
    assert!(answer.continued(), "{answer:?}");
    for (name, json) in [
        ("client", r#""shop""#),
        ("text", r#""a \"b\"""#),
        ("integer", "-3"),
        ("flag", "true"),
        ("float", "0.5"),
        ("list", r#"["x","y"]"#),
        ("object", r#"{"a": [1]}"#),
        ("subject", r#""nobody""#),
    ] {
        assert_eq!(answer.member(name), Some(json), "{name}");
    }
}

#[test]
fn members_facts_clock_and_chance_are_read() {
    let answer = deed("read")
        .fact("scope", "read write")
        .fact("grant_type", "authorization_code")
        .form("resource", "https://api.example")
        .at(42)
        .run();
    assert!(answer.continued(), "{answer:?}");
}

#[test]
fn a_protected_member_denies_and_the_edits_are_gone() {
    let answer = deed("protected").run();
    assert_eq!(answer.denied(), Some("server_error"));
    assert!(answer.reason().contains("`access_token`: protected"), "{}", answer.reason());
    assert_eq!(answer.public_description(), None);
    assert_eq!(answer.member("extra"), None);
}

#[test]
fn what_is_no_json_is_refused() {
    let answer = deed("not a number").run();
    assert!(answer.reason().contains("`nan`: malformed"), "{}", answer.reason());
}

#[test]
fn removing_twice_is_no_error() {
    assert_eq!(deed("remove").run().member("expires_in"), None);
}

#[test]
fn an_inline_hook_may_not_block() {
    let answer = deed("store").run();
    assert!(answer.reason().contains("it may block"), "{}", answer.reason());
}

#[test]
fn data_travels_to_the_next_call() {
    let first = deed("data").run();
    let second = deed("data").after(&first).run();
    assert_eq!((first.data("seen"), second.data("seen")), (Some("1"), Some("2")));
}

#[test]
fn state_is_what_start_made_of_the_configuration() {
    let answer = TestCall::access_token_response().config(r#"{"greeting": "salve"}"#).run();
    assert_eq!(answer.member("greeting"), Some("\"salve\""));
    assert_eq!(deed("wrong state").run().denied(), Some("server_error"));
}

#[test]
fn a_plugin_that_cannot_start_says_why() {
    let broken = TestCall::access_token_response().config(r#"{"broken": true}"#).run();
    assert_eq!(broken.not_started(), Some("`broken` is set"));
    let mistyped = TestCall::access_token_response().config(r#"{"greeting": 5}"#).run();
    let reason = mistyped.not_started().unwrap_or_default();
    assert!(reason.contains("`/greeting`") && reason.contains("another type"), "{reason}");
}

#[test]
fn a_panic_stays_inside_and_is_told() {
    assert_eq!(deed("panic").run().panicked(), Some("told to panic"));
    let at_start = TestCall::access_token_response().config(r#"{"panic": true}"#).run();
    assert!(at_start.panicked().unwrap_or_default().contains("told to panic"));
}

#[test]
fn a_token_hook_cannot_respond() {
    assert_eq!(deed("respond").run().denied(), Some("server_error"));
}

#[test]
fn a_thing_is_used_once() {
    let call = || TestCall::access_token_validation().fact("client_id", "shop");
    let first = call().run();
    assert!(first.continued());
    assert_eq!(first.stored("shop"), Some(&b"used"[..]));
    let second = call().after(&first).run();
    assert_eq!((second.denied(), second.public_description()), (Some("invalid_grant"), Some("used twice")));
    let late = call().cancelled().run();
    assert!(late.reason().contains("deadline"), "{}", late.reason());
}

#[test]
fn a_page_carries_the_form_fields_and_escapes() {
    let answer = TestCall::authorization_get().fact("client_name", "<Shop>").run();
    assert_eq!((answer.status(), answer.title()), (Some(200), Some("Who are you?")));
    assert!(answer.text().contains("&lt;Shop&gt;"));
    assert!(answer.text().contains(r#"<input type="hidden" name="csrf_token" value="test-csrf-token">"#));
    assert!(answer.text().contains(r#"<input type="hidden" name="interaction" value="test-interaction">"#));
}

#[test]
fn authorization_is_denied_or_sent_elsewhere() {
    assert_eq!(TestCall::authorization_get().query("cancel", "").run().denied(), Some("access_denied"));
    let elsewhere = TestCall::authorization_get().config(r#"{"login": "https://login.example/?a=b"}"#).run();
    assert_eq!(elsewhere.status(), Some(303));
    assert_eq!(elsewhere.header("Location"), Some("https://login.example/?a=b"));
}

#[test]
fn a_user_signs_in_after_a_hook_of_the_plugins_own() {
    let answer = TestCall::authorization_post().form("user", "alice").run();
    assert_eq!(answer.signed_in(), Some("alice"), "{answer:?}");
    let decided = ["amr", "acr", "auth_time"].map(|name| answer.decided(name));
    assert_eq!(decided, [Some("pwd otp"), Some("silver"), Some("7")]);
    assert_eq!((answer.session("last"), answer.data("via")), (Some("alice"), Some("\"form\"")));
}

#[test]
fn a_denial_in_a_fired_hook_denies() {
    let answer = TestCall::authorization_post().form("user", "mallory").run();
    assert_eq!((answer.denied(), answer.session("last")), (Some("server_error"), None));
    let answer = TestCall::authorization_post().form("user", "eve").run();
    assert_eq!(answer.denied(), Some("access_denied"), "a denial in public passes through `?`");
}

#[test]
fn a_custom_hook_is_called_alone() {
    let answer = TestCall::custom("sdk.signed_in", r#"{"user": "bob"}"#).run();
    assert_eq!(answer.payload("acr"), Some("\"silver\""));
}

#[test]
fn approval_needs_a_user_and_stays_within_the_request() {
    let call = || TestCall::authorization_get().fact("scope", "read write");
    let approved = call().fact("subject", "alice").query("approve", "read").run();
    assert_eq!(approved.approved(), Some("read"));
    let too_much = call().fact("subject", "alice").query("approve", "read admin").run();
    assert_eq!(too_much.denied(), Some("server_error"));
}

#[test]
fn a_handler_sees_the_request_and_answers() {
    let answer = TestCall::request("POST", "/notes/a%20b?x=1&y=2+3").header("x-thing", "t").body(b"body").run();
    assert_eq!((answer.status(), answer.header("location")), (Some(201), Some("/notes/7")));
    assert_eq!(answer.text(), "POST /notes/a%20b a b x=1,y=2 3 t body");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn a_handler_that_does_not_respond_is_an_error() {
    assert_eq!(TestCall::request("DELETE", "/silent").run().denied(), Some("server_error"));
}

#[test]
fn a_line_break_in_a_header_is_refused() {
    let answer = TestCall::request("GET", "/split?to=/a%0d%0aSet-Cookie:x").run();
    assert_eq!(answer.denied(), Some("server_error"));
    assert!(answer.header("location").is_none());
}

#[test]
fn every_short_form_has_its_status_and_type() {
    for (kind, status, content_type, body) in [
        ("text", 200, Some("text/plain; charset=utf-8"), "t"),
        ("html", 200, Some("text/html; charset=utf-8"), "<p>h</p>"),
        ("json", 200, Some("application/json"), "{}"),
        ("bytes", 200, Some("image/png"), "\u{1}\u{2}"),
        ("page", 200, None, "<p>p</p>"),
        ("empty", 204, None, ""),
        ("teapot", 418, None, ""),
    ] {
        let answer = TestCall::request("GET", &format!("/forms/{kind}")).run();
        assert_eq!((answer.status(), answer.header("content-type")), (Some(status), content_type), "{kind}");
        assert_eq!(answer.text(), body, "{kind}");
    }
}

#[test]
fn a_status_beyond_http_and_an_error_of_ones_own() {
    let wrong = TestCall::request("GET", "/forms/wrong%20status").run();
    assert_eq!(wrong.denied(), Some("server_error"));
    let own = TestCall::request("GET", "/forms/other").run();
    assert_eq!((own.denied(), own.reason()), (Some("not_of_this_world"), "no such form"));
}

#[test]
fn the_store_keeps_gives_and_deletes() {
    let answer = TestCall::request("POST", "/store").form("a", "1").form("b", "2").run();
    assert_eq!(answer.text(), "1 (true, false) false");
    assert_eq!((answer.stored("a"), answer.stored("b")), (None, Some(&b"2"[..])));
}

#[test]
fn a_get_handler_answers_head_and_an_unknown_url_is_the_tests_mistake() {
    assert_eq!(TestCall::request("HEAD", "/forms/text").run().status(), Some(200));
    let told = std::panic::catch_unwind(|| TestCall::request("GET", "/nowhere").run()).err();
    let text = told.and_then(|payload| payload.downcast::<String>().ok()).unwrap_or_default();
    assert!(text.contains("no linked plugin handles `GET /nowhere`") && text.contains("POST /store"), "{text}");
}
