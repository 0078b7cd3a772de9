//! Hooks whose effect on one request is written down, for people who write them.

use std::sync::{Arc, Mutex, PoisonError};

use keyhook_component::BoxFuture;
use keyhook_component::dev::HookChange;
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks};
use serde_json::{Map, Value};

/// Members whose values are not repeated: they are credentials.
const SECRET_MEMBERS: [&str; 5] = ["access_token", "refresh_token", "id_token", "oauth_token", "oauth_token_secret"];

/// The chains of a generation, and what they changed since.
pub(crate) struct WatchedHooks {
    inner: Arc<dyn Hooks>,
    seen: Mutex<Vec<HookChange>>,
}

impl WatchedHooks {
    /// Watches `inner`.
    pub(crate) fn over(inner: Arc<dyn Hooks>) -> Arc<WatchedHooks> {
        Arc::new(WatchedHooks { inner, seen: Mutex::default() })
    }

    /// What was changed so far, in order.
    pub(crate) fn changes(&self) -> Vec<HookChange> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The watched chains, as an endpoint gets them.
pub(crate) struct Watching(pub(crate) Arc<WatchedHooks>);

impl Hooks for Watching {
    fn any(&self, point: HookPoint) -> bool {
        self.0.inner.any(point)
    }

    fn run(&self, point: HookPoint, mut call: HookCall) -> BoxFuture<'static, Finished> {
        let watched = Arc::clone(&self.0);
        Box::pin(async move {
            let before = call.response.clone();
            call.changes = Some(Vec::new());
            let mut finished = watched.inner.run(point, call).await;
            // A host that knows which plugin did what says so; otherwise only the whole is known.
            let told = finished.call.changes.take().filter(|told| !told.is_empty());
            let changes = told.unwrap_or_else(|| {
                let plugin = finished.plugin.as_deref().unwrap_or("plugins");
                differences(&before, &finished.call.response, plugin, point)
            });
            watched.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
            finished
        })
    }

    fn generation(&self, point: HookPoint) -> u64 {
        self.0.inner.generation(point)
    }

    fn provided(&self, point: HookPoint) -> Vec<&str> {
        self.0.inner.provided(point)
    }

    fn provide(&self, point: HookPoint, value: &str, call: HookCall) -> Option<BoxFuture<'static, Finished>> {
        self.0.inner.provide(point, value, call)
    }
}

fn differences(before: &Map<String, Value>, after: &Map<String, Value>, plugin: &str, point: HookPoint) -> Vec<HookChange> {
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| if SECRET_MEMBERS.contains(&name.as_str()) { format!("{name} changed") } else { format!("{name} = {value}") });
    let removed = before.keys().filter(|name| !after.contains_key(*name)).map(|name| format!("removed {name}"));
    changed.chain(removed).map(|change| HookChange { plugin: plugin.to_owned(), hook: point.name(), change }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_set_and_what_was_removed_is_told_and_tokens_are_not() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let before = map(json!({ "access_token": "kha_1", "expires_in": 5, "same": 1 }));
        let after = map(json!({ "access_token": "kha_2", "same": 1, "tenant": "acme" }));
        let lines: Vec<_> =
            differences(&before, &after, "bob", HookPoint::AccessTokenResponse).into_iter().map(|change| change.change).collect();
        assert_eq!(lines, ["access_token changed", "tenant = \"acme\"", "removed expires_in"]);
    }
}
