//! Log events and panic messages of a loaded library, sent to the server's log.
//!
//! A library has its own copy of `tracing` and of the standard library's panic hook; without this, what it says is lost. The
//! server writes the event on the calling thread, so that the request's span is around it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};

use crate::json;
use crate::thunk::HostRef;

/// Sends this image's events and panics to `host`. Once per image.
pub(crate) fn install(host: HostRef) {
    // A plugin that installed a subscriber of its own keeps it.
    let _ = tracing::subscriber::set_global_default(Forwarder(host));
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic_text(panic.payload());
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = format!("{text}, at {place}");
        // Who catches it tells it, with the plugin and the hook: one line for one panic. A second one, while the first unwinds,
        // ends the process; then nobody is left to tell.
        if DEPTH.get() > 0 && !SPOKE.get() {
            SAID.set(said);
            SPOKE.set(true);
            return;
        }
        for text in taken().into_iter().chain([said]) {
            host.log(1, "panic", &format!("panicked: {text}"), "");
        }
    }));
}

// What a call touches where nothing panics needs no destructor: it is a plain word of the thread.
thread_local! {
    /// How many calls of the server are under way on this thread: a hook may fire another.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Whether a panic is told in [`SAID`].
    static SPOKE: Cell<bool> = const { Cell::new(false) };
    /// The text of a panic in the innermost call.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

#[inline]
fn taken() -> Option<String> {
    if SPOKE.get() { Some(take()) } else { None }
}

#[cold]
fn take() -> String {
    SPOKE.set(false);
    SAID.take()
}

#[cold]
fn put_back(outer: String) {
    SAID.set(outer);
    SPOKE.set(true);
}

/// Runs code whose panics the caller tells; gives the text of one that passed, or was caught on the way. Stands around every call
/// of a plugin, so what usually happens is inline.
#[inline]
pub(crate) fn listening<T>(run: impl FnOnce() -> T) -> (T, Option<String>) {
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    let outer = taken();
    let result = run();
    let said = taken();
    DEPTH.set(depth);
    if let Some(outer) = outer {
        put_back(outer);
    }
    (result, said)
}

/// The text of a panic's payload.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a payload that is no text",
    }
}

struct Forwarder(HostRef);

impl Subscriber for Forwarder {
    /// `sometimes`, so that every event asks [`Subscriber::enabled`]: an answer kept per call site would outlive a change of
    /// the server's level.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && rank(*metadata.level()) <= self.0.log_level()
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let fields = if line.fields.is_empty() { String::new() } else { format!("{{{}}}", line.fields) };
        let metadata = event.metadata();
        self.0.log(rank(*metadata.level()), metadata.target(), &line.message, &fields);
    }

    // Spans of a library stay inside it; the server's own are around the call anyway.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn rank(level: Level) -> u32 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// The message and the other fields as members of a JSON object.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn member(&mut self, field: &Field, json: &str) {
        if !self.fields.is_empty() {
            self.fields.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.fields, "{}:{json}", json::quote(field.name()));
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.member(field, &json::quote(&text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.member(field, &json::quote(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, if value { "true" } else { "false" });
    }
}
