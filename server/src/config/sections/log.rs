//! `[log]`: what is logged, and how it looks.

use crate::config::reader::{Section, quoted, text_of};
use crate::config::tree::Node;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// `[log]`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

impl Log {
    pub(crate) fn read(section: Section<'_>) -> Log {
        let log = Log {
            format: section.read("format", LogFormat::Auto, format, |format| quoted(format.name())),
            level: section.read("level", "info".to_owned(), level, |level: &String| quoted(level)),
        };
        section.finish(false);
        log
    }
}

impl LogFormat {
    fn name(self) -> &'static str {
        match self {
            LogFormat::Auto => "auto",
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        }
    }
}

fn format(node: &Node) -> Result<LogFormat, String> {
    let text = text_of(node)?;
    let all = [LogFormat::Auto, LogFormat::Human, LogFormat::Json];
    all.into_iter().find(|format| format.name() == text).ok_or_else(|| "expected \"auto\", \"human\" or \"json\"".to_owned())
}

fn level(node: &Node) -> Result<String, String> {
    let text = text_of(node)?;
    // A word alone would be a target of that name: `wran` must not switch the log off.
    let words_are_levels =
        text.split(',').all(|part| part.contains('=') || part.trim().parse::<tracing_subscriber::filter::LevelFilter>().is_ok());
    text.parse::<tracing_subscriber::filter::Targets>()
        .ok()
        .filter(|_| words_are_levels)
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected a level (error, warn, info, debug, trace) or levels by target such as \"info,plugin=debug\"".to_owned())
}
