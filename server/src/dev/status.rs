//! What the start page of a development server shows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use keyhook_component::dev::{BuildReport, DevStatus, PluginLine};
use rustix::process::{Signal, getpid, kill_process};

use crate::config::Config;

/// The present state; whoever knows more sets it.
#[derive(Default)]
pub(crate) struct Status {
    plugins: Mutex<Vec<PluginLine>>,
    build: Mutex<Option<BuildReport>>,
    facts: Mutex<Vec<(String, String)>>,
    configuration: Mutex<String>,
    refused: Mutex<Option<String>>,
    demo_client: Mutex<Option<String>>,
    left_out: Mutex<Vec<String>>,
    anew: AtomicBool,
    last_errors: OnceLock<LastErrors>,
}

/// The last error of the plugin of a name.
type LastErrors = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Status {
    /// Every plugin of the present generation.
    pub(crate) fn set_plugins(&self, plugins: Vec<PluginLine>) {
        *lock(&self.plugins) = plugins;
    }

    /// Who knows the last errors of plugins; set once.
    pub(crate) fn set_last_errors(&self, ask: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        let _ = self.last_errors.set(Box::new(ask));
    }

    /// The last build of the watched crate.
    pub(crate) fn set_build(&self, report: Option<BuildReport>) {
        *lock(&self.build) = report;
    }

    /// Libraries that killed the server before, `name@digest`: they are named and not loaded.
    pub(crate) fn set_left_out(&self, labels: Vec<String>) {
        *lock(&self.left_out) = labels;
    }

    /// Ends the server, so that the supervisor starts a fresh process.
    pub(crate) fn start_anew(&self) {
        self.anew.store(true, Ordering::Release);
        end();
    }

    /// Whether a fresh process is due.
    pub(crate) fn is_to_start_anew(&self) -> bool {
        self.anew.load(Ordering::Acquire)
    }

    /// Libraries that are not loaded.
    pub(crate) fn left_out(&self) -> Vec<String> {
        lock(&self.left_out).clone()
    }

    /// Facts for the start page.
    pub(crate) fn set_facts(&self, facts: Vec<(String, String)>) {
        *lock(&self.facts) = facts;
    }

    /// The configuration in effect.
    pub(crate) fn set_configuration(&self, config: &Config) {
        *lock(&self.configuration) = config.source();
    }

    /// Why the last reload was refused, if it was.
    pub(crate) fn set_refused(&self, why: Option<String>) {
        *lock(&self.refused) = why;
    }

    /// The client that the playground plays.
    pub(crate) fn set_demo_client(&self, id: &str) {
        *lock(&self.demo_client) = Some(id.to_owned());
    }
}

/// Stops this process as SIGTERM does: requests are answered, stores are closed.
pub(crate) fn end() {
    let _ = kill_process(getpid(), Signal::TERM);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DevStatus for Status {
    fn plugins(&self) -> Vec<PluginLine> {
        lock(&self.plugins).clone()
    }

    fn build(&self) -> Option<BuildReport> {
        lock(&self.build).clone()
    }

    fn facts(&self) -> Vec<(String, String)> {
        let mut facts = lock(&self.facts).clone();
        facts.push(("Configuration".to_owned(), lock(&self.configuration).clone()));
        facts
    }

    fn last_error(&self, plugin: &str) -> Option<String> {
        self.last_errors.get().and_then(|ask| ask(plugin))
    }

    fn refused_reload(&self) -> Option<String> {
        lock(&self.refused).clone()
    }

    fn commands(&self) -> Vec<String> {
        ["keyhook try code", "keyhook plugin new hello", "keyhook client add --help"].map(str::to_owned).to_vec()
    }

    fn demo_client(&self) -> Option<String> {
        lock(&self.demo_client).clone()
    }
}
