//! A plugin's log events in the server's log: target `plugin`, inside the span of the request that is being answered.

use tracing::level_filters::LevelFilter;

/// Longest message or list of fields that is written.
const LINE_CHARS: usize = 4_096;

/// Writes an event. `level` 1 error … 5 trace.
pub(crate) fn event(level: u32, plugin: &str, src: &str, message: &str, fields: &str) {
    let message = printable(message);
    let (src, fields) = (printable(src), printable(fields));
    match level {
        0 | 1 => tracing::error!(target: "plugin", plugin, src, fields, "{message}"),
        2 => tracing::warn!(target: "plugin", plugin, src, fields, "{message}"),
        3 => tracing::info!(target: "plugin", plugin, src, fields, "{message}"),
        4 => tracing::debug!(target: "plugin", plugin, src, fields, "{message}"),
        _ => tracing::trace!(target: "plugin", plugin, src, fields, "{message}"),
    }
}

/// The most verbose level that is written at all, 0 for none.
pub(crate) fn level() -> u32 {
    match LevelFilter::current() {
        LevelFilter::OFF => 0,
        LevelFilter::ERROR => 1,
        LevelFilter::WARN => 2,
        LevelFilter::INFO => 3,
        LevelFilter::DEBUG => 4,
        LevelFilter::TRACE => 5,
    }
}

/// No line breaks and no escape sequences: a plugin may log what a stranger sent.
fn printable(text: &str) -> String {
    text.chars().take(LINE_CHARS).map(|character| if character.is_control() { ' ' } else { character }).collect()
}
