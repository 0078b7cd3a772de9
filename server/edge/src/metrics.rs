//! Figures for Prometheus: requests, durations, connections; and the registry where others add theirs.
//!
//! Cardinality is bounded: an endpoint's name, one of four methods, one of five status classes. Nothing a stranger sends
//! becomes a label.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Seconds: from a cached look-up to a slow password check.
const BUCKETS: [f64; 10] = [0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];

const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// Why the edge itself turned somebody away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// Too many requests at once.
    Overload,
    /// The body was too long.
    BodyTooLong,
    /// The request was malformed.
    Malformed,
    /// A deadline of the wire passed.
    TooSlow,
    /// Too many connections at once, or no descriptor left.
    NoConnection,
    /// The TLS handshake failed.
    Handshake,
}

impl Turned {
    const fn name(self) -> &'static str {
        match self {
            Turned::Overload => "overload",
            Turned::BodyTooLong => "body_too_long",
            Turned::Malformed => "malformed",
            Turned::TooSlow => "too_slow",
            Turned::NoConnection => "no_connection",
            Turned::Handshake => "handshake",
        }
    }
}

/// The figures of the edge, and the registry of all.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<EndpointLabels, Histogram, fn() -> Histogram>,
    turned: Family<ReasonLabels, Counter>,
    /// Requests being answered.
    pub in_flight: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// A registry with the figures of the edge in it, all named `keyhook_…`.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("keyhook");
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (turned, in_flight, connections) = (Family::default(), Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests by endpoint, method and class of status", Family::clone(&requests));
        registry.register("http_request_duration_seconds", "Time to the response, by endpoint", Family::clone(&durations));
        registry.register("http_refused", "Requests and connections that the edge turned away, by reason", Family::clone(&turned));
        registry.register("http_requests_in_flight", "Requests being answered", Gauge::clone(&in_flight));
        registry.register("http_connections", "Open connections", Gauge::clone(&connections));
        Metrics { registry: Mutex::new(registry), requests, durations, turned, in_flight, connections }
    }

    /// Lets another part of the server register its figures. Called at start, not per request.
    pub fn register(&self, with: impl FnOnce(&mut Registry)) {
        with(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The figures of one endpoint; the same ones for the same name, so that they survive a reload.
    pub fn endpoint(&self, name: &str) -> Arc<EndpointMetrics> {
        Arc::new(EndpointMetrics {
            endpoint: name.to_owned(),
            requests: self.requests.clone(),
            counters: Default::default(),
            durations: self.durations.get_or_create_owned(&EndpointLabels { endpoint: name.to_owned() }),
        })
    }

    /// Counts somebody who was turned away.
    pub fn turn_away(&self, reason: Turned) {
        self.turned.get_or_create(&ReasonLabels { reason: reason.name() }).inc();
    }

    /// The page for Prometheus, in the text format `OpenMetrics`.
    pub fn page(&self) -> String {
        let mut page = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a String cannot fail; a collector that fails anyway leaves what was written so far.
        if text::encode(&mut page, &registry).is_err() {
            tracing::warn!(code = "KH0140", "a metrics collector failed");
        }
        page
    }
}

/// Figures of one endpoint, looked up by index instead of by label: no hashing and no lock on the way of a request but the
/// histogram's own.
pub struct EndpointMetrics {
    endpoint: String,
    requests: Family<RequestLabels, Counter>,
    counters: [[OnceLock<Counter>; CLASSES.len()]; METHODS.len()],
    durations: Histogram,
}

impl EndpointMetrics {
    /// Counts an answered request.
    pub fn observe(&self, method: &Method, status: StatusCode, took: Duration) {
        let method = match *method {
            Method::GET => 0,
            Method::HEAD => 1,
            Method::POST => 2,
            _ => 3,
        };
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let counter = self.counters[method][class].get_or_init(|| {
            let labels = RequestLabels { endpoint: self.endpoint.clone(), method: METHODS[method], status: CLASSES[class] };
            self.requests.get_or_create_owned(&labels)
        });
        counter.inc();
        self.durations.observe(took.as_secs_f64());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_counts_by_method_and_class_and_survives_a_reload() {
        let metrics = Metrics::new();
        metrics.endpoint("token").observe(&Method::POST, StatusCode::OK, Duration::from_millis(2));
        metrics.endpoint("token").observe(&Method::POST, StatusCode::CREATED, Duration::from_millis(2));
        let strange = Method::from_bytes(b"BREW").unwrap_or_default();
        metrics.endpoint("token").observe(&strange, StatusCode::BAD_REQUEST, Duration::from_millis(2));
        let page = metrics.page();
        assert!(page.contains(r#"keyhook_http_requests_total{endpoint="token",method="POST",status="2xx"} 2"#), "{page}");
        assert!(page.contains(r#"keyhook_http_requests_total{endpoint="token",method="other",status="4xx"} 1"#), "{page}");
        assert!(page.contains(r#"keyhook_http_request_duration_seconds_count{endpoint="token"} 3"#), "{page}");
    }

    #[test]
    fn others_register_their_figures_beside_ours() {
        let metrics = Metrics::new();
        let tokens: Counter = Counter::default();
        metrics.register(|registry| registry.register("tokens_issued", "Tokens issued", tokens.clone()));
        tokens.inc();
        metrics.turn_away(Turned::Overload);
        let page = metrics.page();
        assert!(page.contains("keyhook_tokens_issued_total 1") && page.contains(r#"keyhook_http_refused_total{reason="overload"} 1"#));
    }
}
