//! The management listener: `/health/live`, `/health/ready` and `/metrics`.
//!
//! It has no authentication, so it belongs on a loopback address or a network that only operators reach; the default is
//! 127.0.0.1:9080. It tells states and figures, never data, and changes nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use keyhook_component::BoxFuture;
use serde_json::json;

use crate::application::Peer;
use crate::connection::Site;
use crate::error::StartError;
use crate::limits::Limits;
use crate::listen::Listeners;
use crate::metrics::Metrics;
use crate::serve::{Server, Workers, plain_wire};
use crate::shutdown::Shutdown;
use crate::watch::Watch;

/// A check that takes longer is a failed one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells whether the server can answer requests now: its stores, keys and plugins. Given by the owner of the server.
pub trait Health: Send + Sync {
    /// Looks.
    fn report(&self) -> BoxFuture<'_, HealthReport>;
}

/// The result of the checks, by name; a reason where one failed. Names and reasons are shown: no secrets.
#[derive(Clone, Debug, Default)]
pub struct HealthReport {
    /// The checks.
    pub checks: Vec<(String, Result<(), String>)>,
}

/// What the management listener answers with.
#[derive(Clone)]
pub struct Management {
    health: Arc<dyn Health>,
    metrics: Arc<Metrics>,
    application: Shutdown,
}

impl Management {
    /// Serves the management paths on the caller's runtime. `application` is the main server's state: while it drains, ready
    /// says no, so that a balancer looks elsewhere.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start(
        listeners: Listeners,
        health: Arc<dyn Health>,
        metrics: Arc<Metrics>,
        application: Shutdown,
    ) -> Result<Server, StartError> {
        let limits = Limits { connections: 128, body_bytes: 0, ..Limits::default() };
        let wire = plain_wire(limits, Arc::clone(&metrics));
        Server::start_site(listeners, &Management { health, metrics, application }, wire, Workers::Here)
    }

    async fn ready(&self) -> http::Response<Full<Bytes>> {
        let report = tokio::time::timeout(PATIENCE, self.health.report()).await;
        let report = report.unwrap_or_else(|_| HealthReport { checks: vec![("health".to_owned(), Err("timed out".to_owned()))] });
        let draining = self.application.is_draining();
        let failed = report.checks.iter().any(|(_, result)| result.is_err());
        let checks: serde_json::Map<_, _> = report
            .checks
            .into_iter()
            .map(|(name, result)| (name, result.err().map_or_else(|| json!("ok"), |reason| json!(reason))))
            .collect();
        let (status, state) = match (draining, failed) {
            (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            (_, true) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
            _ => (StatusCode::OK, "ready"),
        };
        respond(status, "application/json", json!({ "status": state, "checks": checks }).to_string())
    }
}

impl Site for Management {
    async fn exchange(&self, request: http::Request<Incoming>, _: Peer, _: &Watch) -> http::Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "only GET");
            response.headers_mut().insert(header::ALLOW, http::HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/health/live" => respond(StatusCode::OK, "application/json", r#"{"status":"live"}"#),
            "/health/ready" => self.ready().await,
            "/metrics" => respond(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", self.metrics.page()),
            _ => respond(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "/health/live, /health/ready, /metrics"),
        }
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    response
}
