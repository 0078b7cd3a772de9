//! One configured plugin of a generation: its name, what it may do, its limits and counters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::breaker::Breaker;
use crate::bulkhead::Bulkhead;
use crate::stats::Stats;

/// What the configuration says of one plugin. A plugin without a table gets the default.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// `[plugins.x.config]`: the plugin's own; secrets as `{"$env": …}` and `{"$file": …}`.
    pub config: Value,
    /// Capabilities; `None` is `store` and `session`. Log, clock and random are always there.
    pub allow: Option<Vec<String>>,
    /// Priority by hook name, instead of what the plugin registered.
    pub priority: BTreeMap<String, i32>,
    /// Priority of the hooks that `priority` does not name.
    pub priority_of_all: Option<i32>,
    /// Deadline of all its hooks and routes.
    pub timeout: Option<Duration>,
    /// Deadline by hook name.
    pub timeouts: BTreeMap<String, Duration>,
    /// Blocking calls at once.
    pub max_concurrency: usize,
    /// Calls that may wait for a place.
    pub max_queue: usize,
    /// Panics a minute after which it rests.
    pub max_panics: usize,
    /// Origins (`https://login.example`) that its answers may redirect to.
    pub login_origins: Vec<String>,
    /// Paths of the server, or of another plugin's namespace, that it may answer.
    pub routes: Vec<String>,
}

impl Default for PluginSettings {
    fn default() -> PluginSettings {
        PluginSettings {
            config: Value::Object(serde_json::Map::new()),
            allow: None,
            priority: BTreeMap::new(),
            priority_of_all: None,
            timeout: None,
            timeouts: BTreeMap::new(),
            max_concurrency: 32,
            max_queue: 64,
            max_panics: 10,
            login_origins: Vec::new(),
            routes: Vec::new(),
        }
    }
}

/// Capabilities that the configuration may name.
pub const CAPABILITIES: [&str; 8] = ["log", "clock", "random", "store", "session", "approve", "register_clients", "http"];

/// What a plugin may do besides logging, the clock and chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four independent permissions that an operator gives by name")]
pub(crate) struct Capabilities {
    pub(crate) store: bool,
    pub(crate) session: bool,
    pub(crate) approve: bool,
    pub(crate) register_clients: bool,
}

impl Capabilities {
    /// The defaults, or exactly what is listed.
    fn from_list(list: Option<&[String]>) -> Capabilities {
        let has = |name: &str, default: bool| list.map_or(default, |list| list.iter().any(|allowed| allowed == name));
        Capabilities {
            store: has("store", true),
            session: has("session", true),
            approve: has("approve", false),
            register_clients: has("register_clients", false),
        }
    }
}

/// A plugin while it runs.
pub(crate) struct Plugin {
    pub(crate) name: Arc<str>,
    /// `name@digest`: a rebuilt library is another.
    pub(crate) label: Arc<str>,
    pub(crate) config: Value,
    pub(crate) may: Capabilities,
    pub(crate) login_origins: Vec<String>,
    pub(crate) bulkhead: Bulkhead,
    pub(crate) breaker: Breaker,
    pub(crate) stats: Stats,
}

impl Plugin {
    /// `config` has its secrets resolved.
    pub(crate) fn new(name: &str, config: Value, settings: &PluginSettings) -> Plugin {
        Plugin {
            name: name.into(),
            label: name.into(),
            config,
            may: Capabilities::from_list(settings.allow.as_deref()),
            login_origins: settings.login_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect(),
            bulkhead: Bulkhead::new(settings.max_concurrency, settings.max_queue),
            breaker: Breaker::new(settings.max_panics),
            stats: Stats::default(),
        }
    }
}
