//! What a loaded plugin calls and answers, in any order and with any arguments, over the real C border: nothing protected changes,
//! nothing leaves that the rules do not let out, and where it is denied nothing is kept.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use keyhook_component::hooks::{Approved, Finished, HookCall, HookPoint, Verdict};
use keyhook_component::response::Response;
use keyhook_component::system::{Clock, Random};
use keyhook_core::crypto::sha256;
use keyhook_core::text::is_header_value;
use keyhook_core::{ErrorCode, Form, Timestamp};
use keyhook_host::lock::{self, Lock};
use keyhook_host::snapshot::Digest;
use keyhook_host::{Generation, Host, Plan, PluginSettings, Policy, Probe, World};
use serde_json::{Map, Value, json};

use crate::requests::request;

const NOW: i64 = 1_790_000_000;
const REDIRECT_URI: &str = "https://app.test/cb";
/// The chains; a hook that provides for a value of its own is in none.
const POINTS: [HookPoint; 8] = [
    HookPoint::AuthorizationGet,
    HookPoint::AuthorizationPost,
    HookPoint::AccessTokenValidation,
    HookPoint::AccessTokenResponse,
    HookPoint::Oauth1Consumer,
    HookPoint::Oauth1Request,
    HookPoint::RequestTokenResponse,
    HookPoint::Oauth1AccessTokenResponse,
];

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOW)
    }
}

impl Random for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

struct Place {
    _host: Host,
    /// The plugin as it may do by default, and as it may approve and reach a login elsewhere.
    generations: [Generation; 2],
    runtime: tokio::runtime::Runtime,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("keyhook-fuzz-calls-{}", std::process::id()));
    let library = build(&folder);
    let mut approved = Lock::default();
    let digest = Digest(sha256(&std::fs::read(&library).unwrap()));
    approved.approve(lock::Approved { sha256: digest.hex(), file: "libcalls.so".to_owned(), plugins: Vec::new() });
    let fixed = Arc::new(Fixed);
    let world = World { clock: fixed.clone(), random: fixed, records: None, registrar: None, pages: None, issuer: "https://id.test".into(), dev: false };
    let host = Host::new(world, None, Probe::Unavailable);
    let generation = |settings: PluginSettings| {
        let mut plan = Plan::new(Policy::Locked(approved.clone()));
        plan.directories.push(folder.clone());
        plan.plugins.insert("calls".to_owned(), settings);
        host.build(&plan).unwrap_or_else(|report| panic!("{report:?}"))
    };
    let plain = PluginSettings { config: json!({ "a": [1, { "b": "c" }] }), max_panics: usize::MAX, ..PluginSettings::default() };
    let trusted = PluginSettings {
        allow: Some(["store", "session", "approve"].map(str::to_owned).to_vec()),
        login_origins: vec!["https://login.test".to_owned()],
        ..plain.clone()
    };
    let generations = [generation(plain), generation(trusted)];
    // The host runs a copy of its own.
    std::fs::remove_dir_all(&folder).unwrap();
    Place { _host: host, generations, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap() }
});

/// Compiles `calls.c` into a folder that nobody else can write.
fn build(folder: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::DirBuilder::new().mode(0o700).create(folder).unwrap();
    let (here, library) = (Path::new(env!("CARGO_MANIFEST_DIR")), folder.join("libcalls.so"));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O1", "-I"]).arg(here.join("../../plugin-api/include"));
    let built = gcc.arg("-o").arg(&library).arg(here.join("calls.c")).status().unwrap();
    assert!(built.success(), "gcc failed");
    library
}

/// An input is a byte that says which hook runs and what it may, then the plugin's script.
pub fn check(data: &[u8]) {
    let Some((choice, script)) = data.split_first() else { return };
    let point = POINTS[usize::from(choice & 3) + usize::from((choice >> 3) & 1) * 4];
    let trusted = choice & 4 != 0;
    let call = call(script);
    let finished = PLACE.runtime.block_on(PLACE.generations[usize::from(trusted)].hooks.run(point, call.clone()));
    kept(&call, &finished, point);
    match &finished.verdict {
        Verdict::Continue => {}
        Verdict::Respond(response) => {
            assert!(is_authorization(point));
            answered(response, trusted);
        }
        Verdict::Deny(error) => {
            assert!(error.kh.starts_with("KH") && ErrorCode::ALL.contains(&error.code));
            assert!(error.wire_description().bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte)));
        }
        Verdict::SignIn(user) => {
            assert!(is_authorization(point) && (1..=255).contains(&user.subject.len()));
            assert!(user.auth_time.is_none_or(|at| (0..=NOW).contains(&at)));
            let texts = [Some(&user.subject), user.acr.as_ref()].into_iter().flatten().chain(&user.amr);
            assert!(texts.into_iter().all(|text| !text.chars().any(char::is_control)));
            user.approved.iter().for_each(|approved| approval(approved, trusted));
        }
        Verdict::Approve(approved) => {
            assert!(is_authorization(point));
            approval(approved, trusted);
        }
        Verdict::Client(id) => assert!(point == HookPoint::Oauth1Consumer && !id.is_empty() && id.len() <= 4096),
        Verdict::Grant(_) | Verdict::Signature(_) => panic!("only a hook that provides grants or signs: {point:?}"),
    }
}

fn is_authorization(point: HookPoint) -> bool {
    matches!(point, HookPoint::AuthorizationGet | HookPoint::AuthorizationPost)
}

fn call(script: &[u8]) -> HookCall {
    let fields: [(&str, &[u8]); 4] = [
        ("authorization", b"Basic YXBwOnM="),
        ("cookie", b"calls-own=1; other=2; __Host-keyhook=secret"),
        ("x-twice", b"1"),
        ("x-twice", b"2"),
    ];
    let mut call = HookCall { request: request(&fields, b"body").map(Arc::new), session: Some(BTreeMap::new()), ..HookCall::default() };
    call.form = Form::parse(b"a=1&b=two", 4).ok().map(Arc::new);
    call.response = members(&json!({
        "access_token": "kha_x", "token_type": "Bearer", "expires_in": 60, "scope": "read write", "refresh_token": "khr_x"
    }));
    call.data.insert("other".to_owned(), members(&json!({ "theirs": 1 })));
    for (name, value) in [("subject", "alice"), ("redirect_uri", REDIRECT_URI), ("scope", "read write"), ("client_id", "app")] {
        call.fact(name, value);
    }
    call.fact("script", format!("{:x}:{:x}", script.as_ptr().addr(), script.len()));
    call
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What may have changed in the call has changed within the rules; where it was denied nothing is left.
fn kept(before: &HookCall, finished: &Finished, point: HookPoint) {
    let after = &finished.call;
    if matches!(finished.verdict, Verdict::Deny(_)) {
        return assert!(after.response.is_empty() && after.data.is_empty() && after.session.is_none() && after.facts.is_empty());
    }
    assert_eq!(after.data.get("other"), before.data.get("other"), "another plugin's data");
    assert!(after.data.keys().all(|name| name == "other" || name == "calls"));
    let length = |value: &Value| value.to_string().len();
    // Strings weigh what they are, escaped they may be longer.
    assert!(after.data.get("calls").is_none_or(|own| own.iter().map(|(name, value)| name.len() + plain_length(value)).sum::<usize>() <= 4096));
    assert!(after.session.as_ref().unwrap().keys().all(|name| name == "calls"));
    assert!(is_authorization(point) || after.session.as_ref().unwrap().is_empty());
    if matches!(point, HookPoint::RequestTokenResponse | HookPoint::Oauth1AccessTokenResponse) {
        return kept_form(before, finished);
    }
    if point != HookPoint::AccessTokenResponse {
        return assert_eq!(after.response, before.response);
    }
    for name in ["access_token", "token_type", "refresh_token", "scope"] {
        assert_eq!(after.response.get(name), before.response.get(name), "{name}");
    }
    assert!(after.response.get("expires_in").is_none_or(|value| value == &json!(60)));
    assert!(!after.response.contains_key("id_token") && after.response.keys().all(|name| !name.starts_with("error") && !name.is_empty()));
    assert!(after.response.iter().map(|(name, value)| name.len() + plain_length(value)).sum::<usize>() <= 16384);
    assert!(length(&Value::Object(after.response.clone())) < 128 * 1024);
}

/// An answer that is a form: no protected member has changed, and each that is new can stand in one.
fn kept_form(before: &HookCall, finished: &Finished) {
    let after = &finished.call.response;
    for name in ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"] {
        assert_eq!(after.get(name), before.response.get(name), "{name}");
    }
    assert!(after.iter().all(|(name, value)| !name.is_empty() && !value.is_null() && !value.is_array() && !value.is_object()));
    assert!(after.keys().all(|name| !name.starts_with("oauth_problem")));
    assert!(after.iter().map(|(name, value)| name.len() + plain_length(value)).sum::<usize>() <= 16384);
}

/// The bytes of a value's own texts.
fn plain_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(plain_length).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + plain_length(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

fn answered(response: &Response, trusted: bool) {
    assert!((200..=599).contains(&response.status.as_u16()) && response.body.len() <= 1 << 20);
    let all = |name: &str| texts(&response.headers, name);
    for name in ["connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-authenticate", "refresh"] {
        assert!(all(name).is_empty(), "{name}");
    }
    assert!(response.headers.values().all(|value| value.to_str().is_ok_and(is_header_value) || value.is_empty()));
    assert!(all("set-cookie").iter().all(|cookie| cookie.starts_with("calls-")));
    assert_eq!((all("x-content-type-options"), all("cache-control")), (vec!["nosniff"], vec!["no-store"]));
    for place in all("location").into_iter().chain(all("content-location")) {
        let local = place.starts_with('/') && !place.starts_with("//") && !place.contains(['\\', '\t', ' ']);
        let back = place == REDIRECT_URI || place.starts_with(&format!("{REDIRECT_URI}?")) || place.starts_with(&format!("{REDIRECT_URI}#"));
        let login = "https://login.test";
        let elsewhere = trusted && place.strip_prefix(login).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        assert!(local || back || elsewhere, "{place:?}");
        let base = url::Url::parse("https://id.test/authorize").unwrap();
        let there = base.join(place).unwrap();
        assert!(["id.test", "app.test", "login.test"].contains(&there.host_str().unwrap()), "{place:?} leads to {there}");
    }
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

fn approval(approved: &Approved, trusted: bool) {
    assert!(trusted, "approved without leave");
    if let Approved::Part(scope) = approved {
        assert!(scope.split_ascii_whitespace().all(|token| ["read", "write"].contains(&token)), "{scope:?}");
    }
}
