//! Calls of hooks, and what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Verdict};
use keyhook_component::request::Request;
use keyhook_core::error_code::ErrorCode;
use keyhook_host::{Generation, PluginSettings};

use super::{build, folder, generation, hook, host, plan, scripts, token_call};

pub const TOKEN: &str = "access_token_response";

/// A generation of one plugin `bob` on one hook, inline, with a script.
pub fn one(point: &str, script: &str) -> Generation {
    one_with(point, "KH_HOOK_INLINE", |_| {}, script)
}

pub fn one_with(point: &str, flags: &str, change: impl FnOnce(&mut PluginSettings), script: &str) -> Generation {
    let folder = folder();
    build(&folder, "bob", &[&hook(point, 100, flags)]);
    let mut plan = plan(&folder);
    let mut settings = scripts(&[(point, script)]);
    change(&mut settings);
    plan.plugins.insert("bob".into(), settings);
    generation(&host(), &plan)
}

pub async fn token(generation: &Generation) -> Finished {
    generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).await
}

pub fn request(headers: &[(&'static str, &'static str)]) -> Arc<Request> {
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

pub fn authorization_call() -> HookCall {
    let mut call = HookCall { request: Some(request(&[])), session: Some(BTreeMap::new()), ..HookCall::default() };
    call.fact("client_id", "shop");
    call.fact("redirect_uri", "https://shop.example/cb");
    call.fact("scope", "read write");
    call
}

pub async fn authorize(generation: &Generation) -> Finished {
    generation.hooks.run(HookPoint::AuthorizationGet, authorization_call()).await
}

pub fn denied(finished: &Finished) -> (ErrorCode, &'static str) {
    match &finished.verdict {
        Verdict::Deny(error) => (error.code, error.kh),
        other => panic!("{other:?}"),
    }
}

/// What a script noted under the data member `notes`.
pub fn notes(finished: &Finished) -> &str {
    finished.call.data["bob"]["notes"].as_str().unwrap()
}
