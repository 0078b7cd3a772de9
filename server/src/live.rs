//! The server while it runs: what reload exchanges and what operators ask.

use std::sync::{Arc, Mutex, PoisonError};

use keyhook_component::BoxFuture;
use keyhook_component::audit::{Audit as _, Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::dev::PluginLine;
use keyhook_core::issuer::Issuer;
use keyhook_edge::{Application, Tls};
use keyhook_host::PluginReport;
use serde_json::{Value, json};

use crate::config::{Config, Layers};
use crate::dev;
use crate::failure::Failure;
use crate::foundation::Foundation;
use crate::generation;
use crate::operations::{Desk, LiveServer};
use crate::plugins::{self, Host, LoadedPlugins};
use crate::reloads::Reloads;

/// What runs.
pub(crate) struct Inner {
    layers: Layers,
    pub(crate) issuer: Issuer,
    pub(crate) foundation: Foundation,
    host: Host,
    pub(crate) application: Arc<Application>,
    pub(crate) dev: Option<Arc<dev::Status>>,
    /// The configuration of the start: what a reload does not bring into effect is still as it says.
    started: Arc<Config>,
    state: Mutex<State>,
    reloads: Reloads,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

struct State {
    config: Arc<Config>,
    plugins: Arc<keyhook_host::Generation>,
    tls: Option<Arc<Tls>>,
    generation: u64,
}

impl Inner {
    #[allow(clippy::too_many_arguments, reason = "the parts of one value, put together in one place")]
    pub(crate) fn new(
        layers: Layers,
        config: Config,
        issuer: Issuer,
        foundation: Foundation,
        host: Host,
        application: Arc<Application>,
        plugins: LoadedPlugins,
        dev: Option<Arc<dev::Status>>,
    ) -> Arc<Inner> {
        if let Some(status) = &dev {
            status.set_plugins(lines(&plugins.generation));
        }
        let reloads = Reloads::new(&foundation.metrics);
        let started = Arc::new(config);
        let state = State { config: Arc::clone(&started), plugins: plugins.generation, tls: None, generation: 1 };
        let inner = Arc::new(Inner {
            layers,
            issuer,
            foundation,
            host,
            application,
            dev,
            started,
            state: Mutex::new(state),
            reloads,
            reloading: tokio::sync::Mutex::default(),
        });
        if let Some(status) = &inner.dev {
            let server = Arc::downgrade(&inner);
            status.set_last_errors(move |plugin| server.upgrade()?.last_error(plugin));
        }
        inner
    }

    fn last_error(&self, plugin: &str) -> Option<String> {
        self.state().plugins.stats().find(|(name, _)| *name == plugin).and_then(|(_, stats)| stats.last_error)
    }

    /// The configuration that is in effect.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.state().config)
    }

    /// The context that new requests get.
    pub(crate) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.application.live().context)
    }

    /// Every plugin of the present generation, refused ones too.
    pub(crate) fn plugin_lines(&self) -> Vec<PluginLine> {
        lines(&self.state().plugins)
    }

    /// The same, as the host reports them.
    pub(crate) fn plugin_reports(&self) -> Vec<PluginReport> {
        self.state().plugins.report.clone()
    }

    /// Certificates that a reload reads again.
    pub(crate) fn set_tls(&self, tls: Option<Arc<Tls>>) {
        self.state().tls = tls;
    }

    /// What operations work with.
    pub(crate) fn desk(self: &Arc<Self>) -> Desk {
        Desk {
            records: self.foundation.records.clone(),
            clock: Arc::clone(&self.foundation.clock),
            random: Arc::clone(&self.foundation.random),
            sealer: Arc::clone(&self.foundation.sealer),
            audit: self.foundation.audit.clone(),
            server: Some(Arc::clone(self) as Arc<dyn LiveServer>),
        }
    }

    /// Reads configuration, certificates and plugins again; anything wrong keeps all that runs. Answers with what needs a
    /// restart to take effect.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) async fn reload(&self) -> Result<Vec<String>, Failure> {
        let _one = self.reloading.lock().await;
        let result = self.exchange().await;
        let outcome = if result.is_ok() { "ok" } else { "refused" };
        let mut event = Event::new(Decision::Plugins, outcome);
        match &result {
            Ok(restart) if restart.is_empty() => tracing::info!(event = "reload", "reloaded"),
            Ok(restart) => {
                tracing::warn!(event = "reload", code = "KH0165", keys = restart.join(", "), "reloaded; these keys need a restart");
            }
            Err(failure) => {
                event.detail = Some(failure.to_string());
                tracing::error!(event = "reload", code = failure.code(), "{failure}");
            }
        }
        self.reloads.note(self.foundation.clock.now(), result.as_ref().err());
        if let Some(status) = &self.dev {
            status.set_refused(result.as_ref().err().map(ToString::to_string));
        }
        self.foundation.audit.record(event);
        result
    }

    async fn exchange(&self) -> Result<Vec<String>, Failure> {
        let config = Config::load(self.layers.clone())?;
        let tls = self.state().tls.clone();
        let generation = generation::build(&config, &self.issuer, &self.foundation, &self.host, self.dev.as_ref()).await?;
        if let Some(tls) = tls {
            tls.reload().map_err(|error| crate::server::start_failure(&error, config.mode))?;
        }
        // From here on nothing fails.
        self.application.replace(generation.live);
        let restart = needs_restart(&self.started, &config);
        if let Some(status) = &self.dev {
            status.set_plugins(lines(&generation.plugins.generation));
            status.set_configuration(&config);
        }
        let mut state = self.state();
        state.plugins = generation.plugins.generation;
        state.config = Arc::new(config);
        state.generation += 1;
        Ok(restart)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys whose new value a reload does not bring into effect.
fn needs_restart(running: &Config, read: &Config) -> Vec<String> {
    let fixed = |path: &str| ["server.", "management.", "store.", "keys.", "log."].iter().any(|section| path.starts_with(section));
    let changed = |shown: &&crate::config::Shown| {
        let old = running.shown.iter().find(|old| old.path == shown.path).map(|old| &old.value);
        fixed(&shown.path) && old != Some(&shown.value)
    };
    read.shown.iter().filter(changed).map(|shown| shown.path.clone()).collect()
}

fn lines(generation: &keyhook_host::Generation) -> Vec<PluginLine> {
    generation.report.iter().map(plugins::line).collect()
}

/// What a line says of a plugin, or of an order, that does not run.
fn left_out(line: &PluginLine) -> Option<String> {
    let why = line.refused.as_ref()?;
    Some(if line.name.is_empty() { format!("{why}; {}", line.fix) } else { format!("{}: {why}; {}", line.name, line.fix) })
}

impl LiveServer for Inner {
    fn plugins(&self) -> Value {
        crate::plugin_status::json(&self.state().plugins)
    }

    fn reload(&self) -> BoxFuture<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let restart = Inner::reload(self).await?;
            let refused: Vec<_> = self.plugin_lines().iter().filter_map(left_out).collect();
            let outcome = if refused.is_empty() { "reloaded" } else { "reloaded, but for what was refused" };
            let mut answer = json!({ "outcome": outcome, "needs_restart": restart });
            if !refused.is_empty() {
                answer["refused"] = json!(refused);
            }
            Ok(answer)
        })
    }

    fn status(&self) -> Value {
        let state = self.state();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "issuer": self.issuer.as_str(),
            "mode": if self.dev.is_some() { "dev" } else { "serve" },
            "process": std::process::id(),
            "generation": state.generation,
            "plugins": state.plugins.report.iter().filter(|report| report.is_loaded()).count(),
            "refused_plugins": state.plugins.report.iter().filter(|report| !report.is_loaded()).count(),
            "requests_in_flight": self.application.in_flight(),
            "configuration": state.config.files,
            "refused_reload": self.reloads.last_refused(),
        })
    }
}
