//! URL handlers of real libraries, and a plugin's own values in the store.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use keyhook_component::context::Context;
use keyhook_component::endpoint::Endpoint;
use keyhook_component::records::Records;
use keyhook_component::registrar::NewClient;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::{Lifetimes, Paths, Settings};
use keyhook_component::{audit, hooks, pages};
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::error::OAuthError;
use keyhook_core::metadata::Issuer;
use keyhook_core::time::Timestamp;
use keyhook_host::{Generation, Host, Plan, PluginSettings, World};
use keyhook_stores::memory::MemoryStore;
use serde_json::json;
use support::{Desk, Sevens, build, clock, folder, generation, host, lines, plan, probe, scripts, world};

struct Silent;

impl audit::Audit for Silent {
    fn record(&self, _: audit::Event) {}
}

impl pages::Pages for Silent {
    fn error(&self, _: &Request, _: &Settings, _: &OAuthError) -> Response {
        Response::empty(http::StatusCode::BAD_REQUEST)
    }
    fn not_found(&self, _: &Request, _: &Settings) -> Response {
        Response::empty(http::StatusCode::NOT_FOUND)
    }
    fn wrong_host(&self, _: &Request, _: &Settings) -> Response {
        Response::empty(http::StatusCode::BAD_REQUEST)
    }
    fn wrap(&self, title: &str, html: &str) -> String {
        format!("<title>{title}</title>{html}")
    }
}

fn settings() -> Settings {
    Settings {
        issuer: Issuer::parse("http://localhost:8080").unwrap(),
        dev: true,
        paths: Paths::default(),
        lifetimes: Lifetimes::default(),
        tokens: keyhook_component::settings::TokenSettings::default(),
        oauth1: None,
        builtin_login: true,
        builtin_consent: true,
        remember_consent: true,
        refresh_grace: Duration::from_secs(10),
        scope_descriptions: BTreeMap::new(),
        compat: Vec::new(),
        attempts_per_user: 5,
        attempts_per_address: 50,
        attempts_window: Duration::from_mins(10),
        password_workers: 1,
        cookie_name: "keyhook-dev-8080".into(),
        cookie_secure: false,
        realm: "keyhook".into(),
    }
}

fn context() -> Context {
    Context {
        settings: Arc::new(settings()),
        records: Records::new(Arc::new(MemoryStore::default()), 100),
        started_at: Timestamp::ZERO,
        clock: clock(),
        random: Arc::new(Sevens),
        hooks: Arc::new(hooks::NoHooks),
        audit: Arc::new(Silent),
        pages: Arc::new(Silent),
        sealer: Arc::new(Sealer::new(vec![MasterKey::new([1; 32])]).unwrap()),
        grants: Vec::new().into(),
        formats: std::sync::Arc::new([]),
        metadata: bytes::Bytes::new(),
        dev: None,
    }
}

fn request(method: Method, path: &str, body: &'static str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert("authorization", HeaderValue::from_static("Bearer t"));
    Request {
        id: "r1".into(),
        method,
        path: path.into(),
        query: "q=1".into(),
        headers,
        body: body.into(),
        client_ip: [127, 0, 0, 1].into(),
        scheme: "http",
        host: "localhost:8080".into(),
        path_parameters: vec![("id".into(), "7".into())],
    }
}

fn route(method: &str, path: &str, flags: &str) -> String {
    format!("ROUTES={{KH_TEXT(\"{method}\"), KH_TEXT(\"{path}\"), {flags}, 0}}")
}

/// A generation whose only plugin `bob` answers at `/my/custom/url` by a script.
fn bob(host: &Host, flags: &str, change: impl FnOnce(&mut PluginSettings), script: &str) -> Generation {
    let folder = folder();
    build(&folder, "bob", &[&route("GET", "/my/custom/url", flags)]);
    let mut plan = plan(&folder);
    let mut settings = scripts(&[("route", script)]);
    change(&mut settings);
    plan.plugins.insert("bob".into(), settings);
    generation(host, &plan)
}

async fn ask(generation: &Generation, request: &Request) -> Result<Response, OAuthError> {
    generation.routes[0].answer(request, &context()).await.map_err(|refusal| refusal.error().clone())
}

async fn body(generation: &Generation) -> String {
    let response = ask(generation, &request(Method::GET, "/my/custom/url", "f=2")).await.unwrap();
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_handler_answers_at_a_url_of_its_own_without_configuration() {
    for flags in ["KH_ROUTE_INLINE", "0"] {
        let generation = bob(&host(), flags, |_| {}, "header|content-type|text/plain\nbody|hello world\nreturn|1");
        let endpoint: &dyn Endpoint = &*generation.routes[0];
        assert_eq!(endpoint.name(), "plugin/bob");
        assert_eq!(endpoint.routes(&settings()), [(Some(Method::GET), "/my/custom/url".to_owned())]);
        let response = ask(&generation, &request(Method::GET, "/my/custom/url", "")).await.unwrap();
        assert_eq!((response.status.as_u16(), &*response.body), (200, b"hello world".as_slice()));
        assert_eq!(response.headers["x-content-type-options"], "nosniff");
        assert_eq!(response.headers["content-type"], "text/plain");
        assert!(!response.headers.contains_key("content-security-policy"));
    }
}

#[tokio::test]
async fn a_handler_sees_its_request() {
    let script = "get|1|method\nget|1|path\nget|1|query\nget|1|body\nget|2|q\nget|3|f\nget|5|id\nget|4|authorization\nget|0|hook\nget|6|x\nget|7|x\nget|9|x\n\
                  set|10|subject|eve\nheader|location|https://anywhere.example/\nheader|location|http://anywhere.example/\nheader|cache-control|max-age=60\n\
                  report_body\nreturn|1";
    let generation = bob(&host(), "KH_ROUTE_INLINE", |_| {}, script);
    assert_eq!(body(&generation).await, "0=GET 0=/my/custom/url 0=q=1 0=f=2 0=1 0=2 0=7 0=Bearer t -1 -4 -4 -4 -4 0 -7 0");
}

/// A slice that the host lent may be the argument of the next change.
#[tokio::test]
async fn what_was_lent_may_be_handed_straight_back() {
    let script = "pass|8|/lent|fire\npass|8|/lent|header\npass|8|/lent|body\nreport_body\nreturn|1";
    let lent = json!({"text": "a".repeat(300)});
    let generation = bob(&host(), "KH_ROUTE_INLINE", |settings| settings.config["lent"] = lent.clone(), script);
    let response = ask(&generation, &request(Method::GET, "/my/custom/url", "")).await.unwrap();
    assert_eq!(response.headers["x-passed"], lent.to_string());
    assert_eq!(String::from_utf8_lossy(&response.body), format!("{lent}1={lent} 0 0"));
}

#[tokio::test]
async fn a_handler_that_does_not_respond_denies() {
    let code = |script: &'static str| async move {
        let generation = bob(&host(), "KH_ROUTE_INLINE", |_| {}, script);
        let error = ask(&generation, &request(Method::GET, "/my/custom/url", "")).await.unwrap_err();
        (error.status(), error.kh)
    };
    assert_eq!(code("return|0").await, (500, "KH0534"));
    assert_eq!(code("return|4").await, (500, "KH0534"));
    assert_eq!(code("body|half\nreturn|3").await, (500, "KH0530"));
    assert_eq!(code("deny|not_found|no such thing|1\nreturn|2").await, (404, "KH0535"));
}

#[tokio::test]
async fn a_hung_handler_is_given_up() {
    let gate = folder().join("gate");
    let quick = |settings: &mut PluginSettings| settings.timeout = Some(Duration::from_millis(20));
    let generation = bob(&host(), "0", quick, &format!("wait|{}\nreturn|1", gate.display()));
    let error = ask(&generation, &request(Method::GET, "/my/custom/url", "")).await.unwrap_err();
    assert_eq!((error.status(), error.kh), (503, "KH0531"));
    std::fs::write(gate, "").unwrap();
}

#[tokio::test]
async fn a_body_has_a_limit_and_a_page_has_the_theme() {
    let themed = || Host::new(World { pages: Some(Arc::new(Silent)), ..world() }, None, probe());
    let big = bob(&themed(), "KH_ROUTE_INLINE", |_| {}, "body|*1048576\nbody|x\nreturn|1");
    assert_eq!(body(&big).await.len(), 1 << 20);
    let page = bob(&themed(), "KH_ROUTE_INLINE", |_| {}, "page|Hi|<p>there</p>\nreturn|1");
    let response = ask(&page, &request(Method::GET, "/my/custom/url", "")).await.unwrap();
    assert_eq!(&*response.body, b"<title>Hi</title><p>there</p>");
    assert_eq!(response.headers["content-type"], "text/html; charset=utf-8");
    assert!(response.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_keeps_values_of_its_own_on_threads_that_may_wait() {
    let records = Records::new(Arc::new(MemoryStore::default()), 100);
    let stored = || Host::new(World { records: Some(records.clone()), ..world() }, None, probe());
    let script = "store_get|k\nstore_put|k|v1\nstore_get|k\nstore_cas|k|v0|v2\nstore_cas|k|v1|v2\nstore_get|k\nstore_cas|k||v3\nstore_cas|n||first\n\
                  store_get|n\nstore_delete|k\nstore_delete|k\nstore_get|k\nstore_put||x\nstore_put|k|*70000\nreport_body\nreturn|1";
    let expected = "-1 0 0=v1 -8 0 0=v2 -8 0 0=first 0 -1 -1 -2 -2";
    assert_eq!(body(&bob(&stored(), "0", |_| {}, script)).await, expected);
    assert_eq!(body(&bob(&stored(), "KH_ROUTE_INLINE", |_| {}, "store_get|n\nstore_put|n|x\nreport_body\nreturn|1")).await, "-5 -5");
    assert_eq!(body(&bob(&stored(), "0", |_| {}, "store_get|n\nreport_body\nreturn|1")).await, "0=first", "kept over generations");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_registers_clients_where_the_operator_lets_it() {
    let desk = Arc::new(Desk::default());
    let host = || Host::new(World { registrar: Some(desk.clone()), ..world() }, None, probe());
    let may = |settings: &mut PluginSettings| settings.allow = Some(vec!["register_clients".into()]);
    let script = "register|{\"name\":\"a\",\"scope\":\"read\"}\nregister|{}\nregister|{\"name\":\"broken\"}\nregister|{\"id\":\"mine\"}\nregister|{broken\nregister|*20000\nreport_body\nreturn|1";
    assert_eq!(body(&bob(&host(), "0", may, script)).await, "1={\"key\":\"k1\",\"secret\":\"hush\"} -2 -9 -2 -2 -2");
    assert_eq!(body(&bob(&host(), "0", |_| {}, script)).await, "-7 -7 -7 -7 -7 -7");
    assert_eq!(body(&bob(&host(), "KH_ROUTE_INLINE", may, "register|{}\nreport_body\nreturn|1")).await, "-5");
    let asked = NewClient { name: "a".into(), scope: "read".into(), ..NewClient::default() };
    let seen = desk.0.lock().unwrap().clone();
    assert_eq!((seen.len(), &seen[0]), (3, &("bob".to_owned(), asked)));
}

/// The refusals of plugins `(name, method, path)` beside the server's `/token` and `/files/{*path}`.
fn conflicts(plugins: &[(&str, &str, &str)], change: impl FnOnce(&mut Plan)) -> (Vec<String>, Vec<String>) {
    let (folder, host) = (folder(), host());
    for (name, method, path) in plugins {
        build(&folder, name, &[&route(method, path, "0")]);
    }
    let mut plan = plan(&folder);
    let built_in = |path: &str| ((Some(Method::POST), path.to_owned()), "own".to_owned());
    plan.built_in = vec![built_in("/token"), built_in("/files/{*path}")];
    change(&mut plan);
    let generation = host.build(&plan).map_err(|report| lines(&report)).unwrap();
    let refused = generation.report.iter().filter_map(|report| Some(format!("{}: {}", report.name, report.refusal.as_ref()?))).collect();
    (refused, generation.overridden.clone())
}

#[test]
fn the_servers_own_urls_win_unless_the_operator_says_otherwise() {
    let taken = |path: &str| conflicts(&[("ann", "GET", path)], |_| {}).0;
    assert_eq!(taken("/token"), ["ann: route GET /token is already answered by the server (own)"]);
    assert_eq!(taken("/files/secret"), ["ann: route GET /files/secret is already answered by the server (own)"]);
    assert_eq!(taken("/x/ann/anything"), [""; 0]);
    assert_eq!(taken("/x/bob/anything").len(), 1, "another plugin's namespace");
    let consent = |plan: &mut Plan| {
        let settings = PluginSettings { routes: vec!["/token".into()], config: json!({}), ..PluginSettings::default() };
        plan.plugins.insert("ann".into(), settings);
    };
    assert_eq!(conflicts(&[("ann", "GET", "/token")], consent), (vec![], vec!["/token".to_owned()]));
}

#[test]
fn no_url_has_two_owners() {
    let both = |ann: (&'static str, &'static str), bob: (&'static str, &'static str)| {
        conflicts(&[("ann", ann.0, ann.1), ("bob", bob.0, bob.1)], |_| {}).0
    };
    assert_eq!(
        both(("GET", "/a/{id}"), ("GET", "/a/{name}")),
        ["bob: route GET /a/{name} is already answered by plugin `ann`: GET /a/{id}"]
    );
    let names = "bob: route POST /a/{name} names the parameters of one place otherwise than plugin `ann`: GET /a/{id}";
    assert_eq!(both(("GET", "/a/{id}"), ("POST", "/a/{name}")), [names]);
    assert_eq!(both(("*", "/a"), ("GET", "/a")).len(), 1);
    assert_eq!(both(("GET", "/a"), ("POST", "/a")), [""; 0]);
    assert_eq!(both(("GET", "/a/b"), ("GET", "/a/{id}")), [""; 0], "the more exact one is asked first");
}

/// What a plugin with two routes is told, beside one that is sound.
fn own(first: (&str, &str), second: (&str, &str)) -> Vec<String> {
    let (folder, host) = (folder(), host());
    let route = |(method, path): (&str, &str)| format!("{{KH_TEXT(\"{method}\"), KH_TEXT(\"{path}\"), 0, 0}}");
    build(&folder, "ann", &[&format!("ROUTES={}, {}", route(first), route(second))]);
    build(&folder, "bob", &[]);
    let generation = host.build(&plan(&folder)).map_err(|report| lines(&report)).unwrap();
    assert!(generation.report.iter().any(|report| report.name == "bob" && report.is_loaded()), "the rest goes on");
    let refusals = generation.report.iter().filter_map(|report| report.refusal.as_ref());
    refusals.map(|refusal| format!("{} {refusal}; {}", refusal.code(), refusal.way_out())).collect()
}

#[test]
fn a_plugin_whose_own_routes_clash_is_refused_and_told_both() {
    let told = own(("GET", "/x/ann/{id}"), ("GET", "/x/ann/{name}"));
    let same = "KH0519 route GET /x/ann/{name} is already answered by this plugin itself: GET /x/ann/{id}; take `GET /x/ann/{name}` \
                or `GET /x/ann/{id}` out, or give one of them another path";
    assert_eq!(told, [same]);
    assert_eq!(own(("GET", "/x/ann/a"), ("GET", "/x/ann/a")).len(), 1, "the same twice");
    assert_eq!(own(("*", "/x/ann/{*rest}"), ("*", "/x/ann/{*all}")).len(), 1);
    assert_eq!(own(("GET", "/x/ann/a"), ("POST", "/x/ann/a")), [""; 0]);
    assert_eq!(own(("GET", "/x/ann/{id}"), ("GET", "/x/ann/{id}/more")), [""; 0]);
    assert_eq!(own(("GET", "/x/ann/a"), ("GET", "/x/ann/{*rest}")), [""; 0], "the more exact one is asked first");
}
