//! Log lines on stderr: for people on a terminal, otherwise JSON with stable fields.
//!
//! `ts level target event code request_id client_id sub_hash plugin dur_ms` keep their names and meanings; a reader may rely on them.

mod fields;
mod stamp;

use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::fields::Fields;
use crate::config::{Log, LogFormat};

/// Sets the log of this process up; a program that embeds the server and has one already keeps its own.
pub(crate) fn start(log: &Log) {
    let levels: Targets = log.level.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let people = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(levels);
    let _ = if people {
        let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).compact();
        registry.with(layer).try_init()
    } else {
        registry.with(JsonLines(to_stderr)).try_init()
    };
}

/// One JSON object per event; the fields of the spans around it are part of it.
struct JsonLines<W>(W);

thread_local! {
    /// Lines of this thread that go out together.
    static TOGETHER: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    /// The line that is being made, kept for its room.
    static LINE: RefCell<Fields> = RefCell::default();
}

fn to_stderr(line: &[u8]) {
    let kept = TOGETHER.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.extend_from_slice(line)).is_some());
    if !kept {
        write_out(line);
    }
}

fn write_out(lines: &[u8]) {
    // A log that cannot be written has nowhere to say so.
    let _ = std::io::stderr().lock().write_all(lines);
}

/// Writes the log lines of `events` at once when they are all made: one call of the system for a batch.
pub(crate) fn together(events: impl FnOnce()) {
    TOGETHER.set(Some(Vec::with_capacity(4096)));
    events();
    if let Some(lines) = TOGETHER.take().filter(|lines| !lines.is_empty()) {
        write_out(&lines);
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&[u8]) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // Taken, so that a value which logs while it is written gets a line of its own.
        let mut line = LINE.take();
        line.clear();
        stamp::now(|ts| line.add("ts", ts));
        line.add("level", level(*event.metadata().level()));
        line.add("target", event.metadata().target());
        event.record(&mut line);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.add_all(fields);
            }
        }
        self.0(line.close());
        LINE.set(line);
    }
}

fn level(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[test]
    fn an_event_is_one_line_of_json_with_the_fields_of_its_spans() {
        let seen = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&seen);
        let lines = JsonLines(move |line: &[u8]| written.lock().unwrap().push_str(std::str::from_utf8(line).unwrap()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            let _inside = tracing::info_span!("request", request_id = "r1").entered();
            tracing::warn!(event = "token", code = "KH0231", client_id = "a\n{\"level\":\"info\"}", dur_ms = 1.5, "refused");
        });
        let text = seen.lock().unwrap().clone();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "level": "warn", "event": "token", "code": "KH0231", "request_id": "r1", "dur_ms": 1.5, "message": "refused",
            "client_id": "a\n{\"level\":\"info\"}", "target": "keyhook::logging::tests", "ts": line["ts"],
        });
        assert_eq!(line, expected);
        assert!(line["ts"].as_str().unwrap().ends_with('Z'));
    }
}
