//! How reloads ended: counted for `/metrics`, and the last refusal kept until a reload succeeds.

use std::sync::{Mutex, PoisonError};

use keyhook_core::time::Timestamp;
use keyhook_edge::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The reloads of a server.
pub(crate) struct Reloads {
    succeeded: Counter,
    refused: Counter,
    /// 1 while what runs is not what the files say.
    stale: Gauge,
    last: Mutex<Option<Value>>,
}

impl Reloads {
    /// None so far; the figures are registered.
    pub(crate) fn new(metrics: &Metrics) -> Reloads {
        let reloads =
            Reloads { succeeded: Counter::default(), refused: Counter::default(), stale: Gauge::default(), last: Mutex::default() };
        metrics.register(|registry| {
            registry.register("reloads_succeeded", "Reloads that took effect", reloads.succeeded.clone());
            registry.register("reloads_refused", "Reloads that changed nothing", reloads.refused.clone());
            registry.register("reload_last_refused", "1 if the last reload changed nothing", reloads.stale.clone());
        });
        reloads
    }

    /// Notes how one ended.
    pub(crate) fn note(&self, now: Timestamp, refused: Option<&Failure>) {
        if refused.is_some() { &self.refused } else { &self.succeeded }.inc();
        self.stale.set(refused.is_some().into());
        let why = refused.map(|failure| json!({ "at": now.seconds(), "code": failure.code(), "reason": failure.to_string() }));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why the last one changed nothing, with its time in seconds since the Unix epoch; null if it took effect.
    pub(crate) fn last_refused(&self) -> Value {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn a_refused_reload_is_remembered_until_one_succeeds() {
        let metrics = Metrics::new();
        let reloads = Reloads::new(&metrics);
        reloads.note(Timestamp::from_seconds(7), Some(&Failure::new("KH1004", Exit::Configuration, "unknown key")));
        assert_eq!((reloads.last_refused()["code"].as_str(), reloads.last_refused()["at"].as_i64()), (Some("KH1004"), Some(7)));
        let page = metrics.page();
        assert!(page.contains("keyhook_reloads_refused_total 1") && page.contains("keyhook_reload_last_refused 1"), "{page}");
        reloads.note(Timestamp::from_seconds(8), None);
        assert!(reloads.last_refused().is_null());
        assert!(metrics.page().contains("keyhook_reload_last_refused 0"));
    }
}
