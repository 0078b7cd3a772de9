//! What the server wrote: one JSON object a line, no error, no panic, one audit event a decision.

use std::collections::HashSet;

use serde_json::Value;

/// The events of the audit log, a closed list; those of the operator are not an attacker's.
const EVENTS: [&str; 8] = ["token", "authorization", "sign_in", "consent", "sign_out", "introspection", "revocation", "replay"];
/// Outcomes that are no refusal and need no code.
const GOOD: [&str; 3] = ["ok", "inactive", "unknown"];

/// What has been read.
#[derive(Default)]
pub struct Log {
    /// How many decisions the audit log has.
    pub decisions: u64,
    decided: HashSet<String>,
}

impl Log {
    /// Reads a line. What is wrong with it.
    pub fn read(&mut self, line: &str) -> Option<String> {
        let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return Some(format!("not a log line: {line}")) };
        if line.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Some(format!("a control character in the log: {}", line.escape_debug()));
        }
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        if line.contains("panicked") {
            return Some(format!("a panic: {line}"));
        }
        if text("level") == "error" {
            return Some(format!("an error is logged: {line}"));
        }
        if text("target") != "audit" || matches!(text("event"), "plugins" | "administration") {
            return None;
        }
        self.decisions += 1;
        if !EVENTS.contains(&text("event")) {
            return Some(format!("unknown event: {line}"));
        }
        let code = text("code");
        let stable = code.len() == 6 && code.starts_with("KH") && code[2..].bytes().all(|byte| byte.is_ascii_digit());
        if !GOOD.contains(&text("outcome")) && !stable {
            return Some(format!("no stable code: {line}"));
        }
        let id = text("request_id");
        if id.is_empty() {
            return Some(format!("no request: {line}"));
        }
        if !self.decided.insert(id.to_owned()) {
            return Some(format!("two events of one request: {line}"));
        }
        None
    }

    /// Whether a request has its event.
    pub fn has(&self, request_id: &str) -> bool {
        self.decided.contains(request_id)
    }
}
