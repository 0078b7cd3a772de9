//! `[plugins]`, `[plugins.NAME]` and `[handlers]`: where libraries lie, which may run, what each is told and allowed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::reader::{Section, quoted, quoted_list, text_of, texts_of};
use crate::config::tree::{Node, Value};
use crate::config::units;

/// What decides whether a library may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// `plugins.lock` lists it by digest.
    Lock,
    /// It lies in a folder that is root's and that the server cannot write.
    Folder,
}

/// `[plugins.NAME]`.
#[derive(Clone)]
pub(crate) struct PluginTable {
    pub(crate) timeout: Option<Duration>,
    /// Deadlines by hook name.
    pub(crate) timeouts: BTreeMap<String, Duration>,
    pub(crate) max_concurrency: u32,
    pub(crate) max_queue: u32,
    pub(crate) max_panics: u32,
    /// `None` is what the host gives by default.
    pub(crate) allow: Option<Vec<String>>,
    pub(crate) priority: BTreeMap<String, i32>,
    pub(crate) routes: Vec<String>,
    pub(crate) login_origins: Vec<String>,
    /// What the plugin itself is told; may hold secrets.
    pub(crate) config: serde_json::Value,
}

/// `[plugins]` and `[handlers]`.
#[derive(Clone)]
pub(crate) struct Plugins {
    pub(crate) directories: Vec<PathBuf>,
    pub(crate) handlers: Vec<PathBuf>,
    pub(crate) trust: Trust,
    /// The lock, `plugins.lock` in the data folder unless named.
    pub(crate) lock: Option<PathBuf>,
    pub(crate) tables: BTreeMap<String, PluginTable>,
}

/// What `allow` may name.
pub(crate) const CAPABILITIES: [&str; 7] = ["approve", "clock", "http", "log", "random", "session", "store"];

impl Plugins {
    pub(crate) fn read(plugins: Section<'_>, handlers: Section<'_>) -> Plugins {
        let folders = |section: &Section<'_>| section.list("directories", &[]).into_iter().map(PathBuf::from).collect();
        let read = Plugins {
            directories: folders(&plugins),
            handlers: folders(&handlers),
            trust: plugins.read("trust", Trust::Lock, trust, |trust| quoted(if *trust == Trust::Lock { "lock" } else { "folder" })),
            lock: plugins.text("lock", None).map(PathBuf::from),
            tables: plugins.named_sections().into_iter().map(|(name, section)| (name, table(section))).collect(),
        };
        plugins.finish(true);
        handlers.finish(false);
        read
    }
}

fn trust(node: &Node) -> Result<Trust, String> {
    match text_of(node)? {
        "lock" => Ok(Trust::Lock),
        "folder" => Ok(Trust::Folder),
        _ => Err("expected \"lock\" or \"folder\"".to_owned()),
    }
}

fn table(section: Section<'_>) -> PluginTable {
    let parse_timeout = |node: &Node| units::duration(text_of(node)?).map(Some);
    let show_timeout =
        |timeout: &Option<Duration>| timeout.map_or_else(|| "(by hook)".to_owned(), |timeout| quoted(&units::show_duration(timeout)));
    let parse_deadline = |node: &Node| units::duration(text_of(node)?);
    let parse_allow = |node: &Node| texts_of(node).map(Some);
    let show_allow = |allow: &Option<Vec<String>>| allow.as_ref().map_or_else(|| "(default)".to_owned(), |allow| quoted_list(allow));
    let (priority, timeouts) = (section.section("priority"), section.section("timeouts"));
    let read = PluginTable {
        timeout: section.read("timeout", None, parse_timeout, show_timeout),
        timeouts: timeouts.free(parse_deadline, |deadline| quoted(&units::show_duration(*deadline))),
        max_concurrency: section.count("max_concurrency", 32, 1..=4096),
        max_queue: section.count("max_queue", 64, 0..=65_536),
        max_panics: section.count("max_panics", 10, 1..=1000),
        allow: section.read("allow", None, parse_allow, show_allow),
        priority: priority.free(number, i32::to_string),
        routes: section.list("routes", &[]),
        login_origins: section.list("login_origins", &[]),
        config: section.node("config").map_or_else(|| serde_json::json!({}), |node| node.value.to_json()),
    };
    if let Some(wrong) = read.allow.iter().flatten().find(|name| !CAPABILITIES.contains(&name.as_str())) {
        section.refuse("KH1005", "allow", format!("there is no capability `{wrong}`"), format!("known: {}", CAPABILITIES.join(", ")));
    }
    if let Some(Node { value, .. }) = section.node("config").filter(|node| !matches!(node.value, Value::Table(_))) {
        section.refuse("KH1003", "config", "a plugin's `config` is a table", format!("found {}", value.kind()));
    }
    section.finish(false);
    read
}

fn number(node: &Node) -> Result<i32, String> {
    match &node.value {
        Value::Integer(number) => i32::try_from(*number).map_err(|_| "out of range".to_owned()),
        Value::String(text) => text.parse().map_err(|_| "expected a number".to_owned()),
        other => Err(format!("expected a number, found {}", other.kind())),
    }
}
