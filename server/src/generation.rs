//! One generation of the server, built from configuration and plugins. Start and reload use the same function.

use std::sync::Arc;

use keyhook_builtin::BuiltinPages;
use keyhook_builtin::endpoints::metadata_document;
use keyhook_component::context::Context;
use keyhook_component::dev::DevStatus;
use keyhook_component::pages::Pages;
use keyhook_component::registry;
use keyhook_core::issuer::Issuer;
use keyhook_edge::{Live, RouteTable};

use crate::config::Config;
use crate::dev::Status;
use crate::failure::{Exit, Failure};
use crate::foundation::Foundation;
use crate::plugins::{self, LoadedPlugins};
use crate::settings;

/// A generation that is ready to serve, and what its plugins are.
pub(crate) struct Generation {
    pub(crate) live: Live,
    pub(crate) plugins: LoadedPlugins,
}

/// Builds a generation; whatever is wrong leaves the one that runs untouched.
///
/// # Errors
/// When a plugin that must run is refused, or two endpoints want one route.
pub(crate) async fn build(
    config: &Config,
    issuer: &Issuer,
    foundation: &Foundation,
    host: &plugins::Host,
    dev: Option<&Arc<Status>>,
) -> Result<Generation, Failure> {
    let left_out = dev.map(|status| status.left_out()).unwrap_or_default();
    let settings = Arc::new(settings::of(config, issuer));
    let pages: Arc<dyn Pages> = Arc::new(BuiltinPages::new(issuer));
    let plugins = host.load(config, &settings, left_out).await?;
    let grants = registry::grants();
    let metadata = metadata_document(&settings, &plugins.endpoints, &grants, &*plugins.hooks);
    let routes = RouteTable::build(&plugins.endpoints, &settings, &foundation.metrics)
        .map_err(|conflict| Failure::bracketed("KH0120", Exit::Configuration, &conflict.to_string()))?;
    let context = Context {
        settings,
        records: foundation.records.clone(),
        started_at: foundation.started_at,
        clock: Arc::clone(&foundation.clock),
        random: Arc::clone(&foundation.random),
        hooks: Arc::clone(&plugins.hooks),
        audit: foundation.audit.clone(),
        pages,
        sealer: Arc::clone(&foundation.sealer),
        grants: grants.into(),
        formats: registry::token_formats().into(),
        metadata,
        dev: dev.map(|status| Arc::clone(status) as Arc<dyn DevStatus>),
    };
    Ok(Generation { live: Live { routes, context: Arc::new(context) }, plugins })
}
