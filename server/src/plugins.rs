//! From the configuration to the host of plugins, and from its report to what people read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use keyhook_component::BoxFuture;
use keyhook_component::context::Context;
use keyhook_component::dev::PluginLine;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::{HookPoint, Hooks};
use keyhook_component::pages::Pages;
use keyhook_component::registry;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::authorize::Refusal as Refused;
use keyhook_core::oauth1::signature;
use keyhook_host::lock::Lock;
use keyhook_host::{Generation, Plan, PluginReport, PluginSettings, Policy, Probe, Refusal, Secrets, World};

use crate::config::{Config, Mode, PluginTable, Trust};
use crate::failure::{Exit, Failure};
use crate::foundation::Foundation;
use crate::registrar::DeskRegistrar;

/// What a generation has of plugins.
pub(crate) struct LoadedPlugins {
    pub(crate) hooks: Arc<dyn Hooks>,
    /// The server's endpoints without what plugins answer instead, and the plugins' own.
    pub(crate) endpoints: Vec<Arc<dyn Endpoint>>,
    /// Reports, order and counters.
    pub(crate) generation: Arc<Generation>,
}

/// The host of plugins, which outlives generations: a library is loaded once.
pub(crate) struct Host {
    host: Arc<keyhook_host::Host>,
    /// What the log says of the present libraries: a reload that changes nothing of it does not say it again.
    told: Mutex<BTreeSet<String>>,
}

impl Host {
    /// A host for the server at `issuer`. `probe` tries libraries in a child process.
    pub(crate) fn new(config: &Config, issuer: &str, foundation: &Foundation, pages: Arc<dyn Pages>, probe: Probe) -> Host {
        let world = World {
            clock: Arc::clone(&foundation.clock),
            random: Arc::clone(&foundation.random),
            records: Some(foundation.records.clone()),
            registrar: Some(DeskRegistrar::over(foundation)),
            pages: Some(pages),
            issuer: issuer.into(),
            dev: config.mode == Mode::Dev,
        };
        let private = config.data().map(|data| data.join("plugins"));
        Host { host: Arc::new(keyhook_host::Host::new(world, private, probe)), told: Mutex::default() }
    }

    /// Says in the log what is new.
    fn tell(&self, reports: &[PluginReport]) {
        let now = reports.iter().map(complaint).collect();
        let before = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), now);
        reports.iter().filter(|report| report.is_loaded() || !before.contains(&complaint(report))).for_each(tell);
    }

    /// Loads what the configuration names. `left_out` are libraries that killed the server before.
    ///
    /// # Errors
    /// Exit status 6 with every refusal, when one of them must not be passed over.
    pub(crate) async fn load(&self, config: &Config, settings: &Settings, left_out: Vec<String>) -> Result<LoadedPlugins, Failure> {
        let own = registry::endpoints();
        let mut plan = plan(config)?;
        plan.left_out = left_out;
        plan.built_in = own
            .iter()
            .flat_map(|endpoint| endpoint.routes(settings).into_iter().map(|route| (route, endpoint.name().to_owned())))
            .collect();
        plan.provided = provided();
        let host = Arc::clone(&self.host);
        // Loading runs foreign code and waits for children.
        let built = tokio::task::spawn_blocking(move || host.build(&plan)).await;
        let built = built.map_err(|error| Failure::new("KH0524", Exit::PluginRefused, format!("loading plugins failed: {error}")))?;
        let generation = built.map_err(|reports| refused(&reports))?;
        self.tell(&generation.report);
        for (hook, plugins) in &generation.order {
            tracing::info!(event = "hook_order", hook, plugins = plugins.join(", "), "plugins in their order");
        }
        let mut endpoints: Vec<Arc<dyn Endpoint>> = own
            .into_iter()
            .map(|endpoint| {
                if generation.overridden.is_empty() {
                    endpoint
                } else {
                    Arc::new(Without { endpoint, paths: generation.overridden.clone() }) as _
                }
            })
            .collect();
        endpoints.extend(generation.routes.iter().cloned());
        Ok(LoadedPlugins { hooks: Arc::clone(&generation.hooks), endpoints, generation: Arc::new(generation) })
    }
}

/// What the server provides itself, so that no plugin does: grant types, and methods that sign (RFC 5849 §3.4).
fn provided() -> Vec<(HookPoint, String)> {
    let grants = registry::grants().into_iter().map(|grant| (HookPoint::TokenGrant, grant.grant_type().to_owned()));
    grants.chain(signature::BUILT_IN.iter().map(|method| (HookPoint::Oauth1Signature, method.name().to_owned()))).collect()
}

/// What the configuration says, in the host's words.
///
/// # Errors
/// When the lock cannot be read.
pub(crate) fn plan(config: &Config) -> Result<Plan, Failure> {
    let policy = match (config.mode, config.plugins.trust) {
        (Mode::Dev, _) => Policy::Dev,
        (Mode::Serve, Trust::Folder) => Policy::Folder,
        (Mode::Serve, Trust::Lock) => Policy::Locked(Lock::read(&config.lock()).map_err(|refusal| failure(&refusal))?),
    };
    let mut plan = Plan::new(policy);
    plan.directories = config.plugins.directories.iter().chain(&config.plugins.handlers).cloned().collect();
    plan.plugins = config.plugins.tables.iter().map(|(name, table)| (name.clone(), settings(table))).collect();
    plan.order = config.hooks.clone();
    plan.secrets = Arc::new(FromSystem);
    Ok(plan)
}

fn settings(table: &PluginTable) -> PluginSettings {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    PluginSettings {
        config: table.config.clone(),
        allow: table.allow.clone(),
        priority: table.priority.clone(),
        priority_of_all: table.priority_of_all,
        timeout: table.timeout,
        timeouts: table.timeouts.clone(),
        max_concurrency: count(table.max_concurrency),
        max_queue: count(table.max_queue),
        max_panics: count(table.max_panics),
        login_origins: table.login_origins.clone(),
        routes: table.routes.clone(),
    }
}

/// A refusal of a library as the end of a command.
pub(crate) fn failure_of(refusal: &Refusal, file: &std::path::Path, name: &str) -> Failure {
    let text = format!("{}: {refusal}", file.display());
    Failure::new(refusal.code(), Exit::PluginRefused, text).help(refusal.way_out_of(Some(file), name))
}

/// A refusal as the end of a command.
pub(crate) fn failure(refusal: &Refusal) -> Failure {
    Failure::new(refusal.code(), Exit::PluginRefused, refusal.to_string()).help(refusal.way_out())
}

fn refused(reports: &[PluginReport]) -> Failure {
    let fatal: Vec<_> = reports.iter().filter(|report| report.is_fatal()).collect();
    let code = fatal.iter().find_map(|report| report.refusal.as_ref()).map_or("KH0524", Refusal::code);
    let texts: Vec<String> = fatal.iter().map(|report| explained(report)).collect();
    Failure::whole(code, Exit::PluginRefused, texts.join("\n"))
}

/// `error[KH0518]: plugin acme (/path/acme.so): why`, and the way out.
fn explained(report: &PluginReport) -> String {
    let Some(refusal) = &report.refusal else { return String::new() };
    let file = report.file.as_ref().map(|file| format!(" ({})", file.display())).unwrap_or_default();
    let name = if report.name.is_empty() { "plugins".to_owned() } else { format!("plugin {}", report.name) };
    format!("error[{}]: {name}{file}: {refusal}\n   = help: {}", refusal.code(), report.way_out())
}

/// What identifies what is said against a library.
fn complaint(report: &PluginReport) -> String {
    format!("{} {:?} {:?} {:?}", report.name, report.file, report.digest, report.refusal)
}

fn tell(report: &PluginReport) {
    let file = report.file.as_deref().map(std::path::Path::to_string_lossy);
    let file = file.as_deref().unwrap_or("linked in");
    if let Some(refusal) = &report.refusal {
        let (code, fix) = (refusal.code(), report.way_out());
        tracing::warn!(event = "plugin_refused", plugin = report.name, code, file, fix, "{refusal}");
    } else {
        tracing::info!(event = "plugin_loaded", plugin = report.name, version = report.version, file, "loaded");
    }
    for warning in &report.warnings {
        tracing::warn!(event = "plugin_warning", plugin = report.name, code = "KH0504", file, "{warning}");
    }
}

/// A report as the screen and the start page show it.
pub(crate) fn line(report: &PluginReport) -> PluginLine {
    let provides: Vec<&str> = report.hooks.iter().chain(&report.routes).map(String::as_str).collect();
    PluginLine {
        name: report.name.clone(),
        version: report.version.clone(),
        provides: provides.join(", "),
        refused: report.refusal.as_ref().map(|refusal| format!("{} {refusal}", refusal.code())),
        fix: report.way_out(),
    }
}

/// Secrets of plugins' configurations, from the environment and from files.
struct FromSystem;

impl Secrets for FromSystem {
    fn variable(&self, name: &str) -> Option<String> {
        crate::system::variable(name)
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
        Ok(text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
    }
}

/// How the binary probes: itself, in a child.
pub(crate) fn own_probe() -> Probe {
    match std::env::current_exe() {
        Ok(program) => probe_by(program),
        Err(_) => Probe::Unavailable,
    }
}

/// A probe by a keyhook binary.
pub(crate) fn probe_by(program: PathBuf) -> Probe {
    Probe::Child { program, arguments: vec!["__probe".to_owned()] }
}

/// An endpoint of ours without the paths that a plugin answers instead.
struct Without {
    endpoint: Arc<dyn Endpoint>,
    paths: Vec<String>,
}

impl Endpoint for Without {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        let taken = |(_, path): &(Option<Method>, String)| self.paths.contains(path);
        self.endpoint.routes(settings).into_iter().filter(|route| !taken(route)).collect()
    }

    fn describe(&self, settings: &Settings, metadata: &mut keyhook_core::metadata::Metadata) {
        self.endpoint.describe(settings, metadata);
    }

    fn is_page(&self) -> bool {
        self.endpoint.is_page()
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refused>> {
        self.endpoint.answer(request, context)
    }
}
