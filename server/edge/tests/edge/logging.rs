//! What the operator reads: one line per refusal, with code, request id and cause; the id on everything that is logged inside.

use std::io;
use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use keyhook_component::response::Response;
use tracing::Level;

use super::support::{Setup, endpoints, small};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Captures what this thread logs.
    fn capture(level: Level) -> (Lines, tracing::subscriber::DefaultGuard) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().json().with_max_level(level).with_writer(move || writer.clone()).finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn with(&self, text: &str) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap().clone();
        let parsed = String::from_utf8(bytes).unwrap();
        parsed.lines().filter(|line| line.contains(text)).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_refusal_is_one_line_with_code_id_and_an_escaped_cause() {
    let (lines, _guard) = Lines::capture(Level::INFO);
    let reply = Setup::default().start().send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    let refused = lines.with("refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    let fields = &refused[0]["fields"];
    assert_eq!((fields["code"].as_str(), fields["request_id"].as_str()), (Some("KH0225"), Some(reply.header("x-request-id"))));
    assert_eq!((fields["error"].as_str(), fields["cause"].as_str()), (Some("invalid_client"), Some("line\\nbreak")));
}

#[tokio::test]
async fn what_a_plugin_logs_carries_the_request_id() {
    let (lines, _guard) = Lines::capture(Level::INFO);
    let mut all = endpoints();
    all.push(small("plugin/talker", Method::GET, "/talk", |request| {
        tracing::info!("hello from inside");
        Ok(Response::text(StatusCode::OK, request.id.to_string()))
    }));
    all.push(small("plugin/breaks", Method::GET, "/breaks", |_| Err(keyhook_core::error::OAuthError::server_error("broke").into())));
    let running = Setup { endpoints: all, ..Setup::default() }.start();
    running.get("/breaks").await;
    let failed = &lines.with("request failed")[0];
    assert!(failed["span"]["request_id"].is_string() && failed["fields"]["request_id"].is_null(), "said once: {failed}");
    let reply = running.get("/talk").await;
    let said = lines.with("hello from inside");
    assert_eq!(said[0]["span"]["request_id"].as_str(), Some(reply.body.as_str()));
    assert!(lines.with("answered").is_empty(), "the access log is for debug level");
}

#[tokio::test]
async fn the_access_log_is_there_at_debug_level() {
    let (lines, _guard) = Lines::capture(Level::DEBUG);
    Setup::default().start().get("/echo").await;
    let fields = &lines.with("answered")[0]["fields"];
    assert_eq!((fields["endpoint"].as_str(), fields["status"].as_u64()), (Some("echo"), Some(200)));
    assert!(fields["dur_ms"].is_number() && fields["request_id"].is_string());
}
