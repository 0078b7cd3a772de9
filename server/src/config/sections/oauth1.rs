//! `[oauth1]`: OAuth 1.0a for clients that know nothing newer (RFC 5849). Off unless said.

use std::time::Duration;

use keyhook_component::settings::{CallbackRule, Oauth1Settings};

use super::paths::path;
use crate::config::reader::{Section, quoted, text_of};
use crate::config::tree::Node;

/// Reads `[oauth1]`; `None` where it is off. What is not said is as the system had it that `compat` names.
pub(crate) fn read(section: Section<'_>, compat: &[String]) -> Option<Oauth1Settings> {
    let usual = usual(compat);
    let (second, day) = (Duration::from_secs(1), Duration::from_hours(24));
    let on = section.switch("enabled", false);
    let one = |key, default: String| section.read(key, default, path, |path: &String| quoted(path));
    let methods: Vec<&str> = usual.methods.iter().map(String::as_str).collect();
    let settings = Oauth1Settings {
        request_token: one("request_token_path", usual.request_token),
        authorize: one("authorize_path", usual.authorize),
        access_token: one("access_token_path", usual.access_token),
        get: section.switch("get", usual.get),
        methods: section.list("signature_methods", &methods),
        window: section.duration("window", usual.window, 10 * second..=3600 * second),
        temporary_ttl: section.duration("request_token_ttl", usual.temporary_ttl, 10 * second..=3600 * second),
        token_ttl: section.duration("token_ttl", usual.token_ttl, second..=3650 * day),
        callback: section.read("callback", usual.callback, callback, |rule| quoted(rule.name())),
        two_legged: section.switch("two_legged", usual.two_legged),
    };
    if settings.authorize == settings.request_token || settings.authorize == settings.access_token {
        section.refuse(
            "KH1005",
            "authorize_path",
            "`authorize_path` is a path of another endpoint in [oauth1]",
            "give it a path of its own; only request_token_path and access_token_path may be the same",
        );
    }
    section.finish(false);
    on.then_some(settings)
}

/// cycloauth answered GET alone, and took `oob` and no callback for the registered one.
fn usual(compat: &[String]) -> Oauth1Settings {
    let usual = Oauth1Settings::default();
    if compat.iter().any(|name| name == "cycloauth") {
        return Oauth1Settings { get: true, callback: CallbackRule::Registered, ..usual };
    }
    usual
}

fn callback(node: &Node) -> Result<CallbackRule, String> {
    let text = text_of(node)?;
    let known = [CallbackRule::Sent, CallbackRule::Registered];
    known.into_iter().find(|rule| rule.name() == text).ok_or_else(|| "expected \"sent\" or \"registered\"".to_owned())
}
