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
    /// Priorities by hook name.
    pub(crate) priority: BTreeMap<String, i32>,
    /// One number for all of its hooks.
    pub(crate) priority_of_all: Option<i32>,
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
pub(crate) const CAPABILITIES: [&str; 8] = ["approve", "clock", "http", "log", "random", "register_clients", "session", "store"];

/// The same with what each gives.
const CAPABILITIES_KNOWN: &str = "known: \"approve\" (skip the consent page), \"register_clients\" (add clients of OAuth 1.0a), \"session\" (values of its own in the session), \"store\" (values of its own in the database); \"clock\", \"log\" and \
                                  \"random\" are always allowed, and \"http\" gives nothing yet";

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
    let parse_timeout = |node: &Node| deadline(node).map(Some);
    let show_timeout =
        |timeout: &Option<Duration>| timeout.map_or_else(|| "(by hook)".to_owned(), |timeout| quoted(&units::show_duration(timeout)));
    let parse_allow = |node: &Node| texts_of(node).map(Some);
    let show_allow = |allow: &Option<Vec<String>>| allow.as_ref().map_or_else(|| "(default)".to_owned(), |allow| quoted_list(allow));
    let timeouts = section.section("timeouts");
    let is_one = section.node("priority").is_some_and(|node| !matches!(node.value, Value::Table(_)));
    let show_priority = |priority: &Option<i32>| priority.map_or_else(|| "(by hook)".to_owned(), |priority| priority.to_string());
    let priority_of_all = is_one.then(|| section.read("priority", None, |node| one_priority(node).map(Some), show_priority)).flatten();
    let priority = if is_one { BTreeMap::new() } else { section.section("priority").free(number, i32::to_string) };
    let read = PluginTable {
        timeout: section.read("timeout", None, parse_timeout, show_timeout),
        timeouts: timeouts.free(deadline, |deadline| quoted(&units::show_duration(*deadline))),
        max_concurrency: section.count("max_concurrency", 32, 1..=4096),
        max_queue: section.count("max_queue", 64, 0..=65_536),
        max_panics: section.count("max_panics", 10, 1..=1000),
        allow: section.read("allow", None, parse_allow, show_allow),
        priority,
        priority_of_all,
        routes: section.list("routes", &[]),
        login_origins: section.list("login_origins", &[]),
        config: section.node("config").map_or_else(|| serde_json::json!({}), |node| node.value.to_json()),
    };
    if let Some(wrong) = read.allow.iter().flatten().find(|name| !CAPABILITIES.contains(&name.as_str())) {
        section.refuse("KH1005", "allow", format!("there is no capability `{wrong}`"), CAPABILITIES_KNOWN);
    }
    if let Some(Node { value, .. }) = section.node("config").filter(|node| !matches!(node.value, Value::Table(_))) {
        section.refuse("KH1003", "config", "a plugin's `config` is a table", format!("found {}", value.kind()));
    }
    section.finish(false);
    read
}

/// A deadline; none at all would refuse every request, and one without end would hold them.
fn deadline(node: &Node) -> Result<Duration, String> {
    let found = units::duration(text_of(node)?)?;
    let allowed = Duration::from_millis(1)..=Duration::from_mins(10);
    if allowed.contains(&found) { Ok(found) } else { Err("must be from 1ms to 10m".to_owned()) }
}

fn one_priority(node: &Node) -> Result<i32, String> {
    number(node).map_err(|wrong| format!("{wrong}; write `priority = 5` for all hooks, or `priority = {{ access_token_response = 5 }}`"))
}

fn number(node: &Node) -> Result<i32, String> {
    match &node.value {
        Value::Integer(number) => i32::try_from(*number).map_err(|_| "out of range".to_owned()),
        Value::String(text) => text.parse().map_err(|_| "expected a number".to_owned()),
        other => Err(format!("expected a number, found {}", other.kind())),
    }
}
