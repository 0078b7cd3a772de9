//! Builds a generation: every plugin that runs, its chains, its routes, and what is said of those that do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Method;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::{HookPoint, Hooks};
use keyhook_core::crypto::sha256;
use keyhook_plugin::abi;

use crate::absent::{absent, without};
use crate::chain::{Chains, HookChains};
use crate::gather::{Candidate, gather};
use crate::instance::Instance;
use crate::lock::Lock;
use crate::modules::{Examined, Modules};
use crate::order::{self, Running};
use crate::plugin::{CAPABILITIES, Plugin, PluginSettings};
use crate::probe::Probe;
use crate::provisions::Provisions;
use crate::refusal::Refusal;
use crate::report::PluginReport;
use crate::routes::PluginRoute;
use crate::routing::Routing;
use crate::secrets::{NoSecrets, Secrets, resolve};
use crate::snapshot::{Snapshot, Trust};
use crate::stats::PluginStats;
use crate::table::HookDescription;
use crate::world::World;

/// Which libraries run.
#[derive(Clone, Debug)]
pub enum Policy {
    /// Every library in the folders; a bad one is reported and the rest goes on.
    Dev,
    /// What the lock approves, all of it; nothing else.
    Locked(Lock),
    /// Every library in the folders, which are root's; one bad library is an error.
    Folder,
}

/// What a generation is built from.
pub struct Plan {
    /// `[plugins] directories`, then `[handlers] directories`: both take the same kind of library.
    pub directories: Vec<PathBuf>,
    /// Which libraries run.
    pub policy: Policy,
    /// `[plugins.<name>]`.
    pub plugins: BTreeMap<String, PluginSettings>,
    /// `[hooks]`: explicit orders, by hook.
    pub order: BTreeMap<String, Vec<String>>,
    /// The server's own URLs and the endpoints' names.
    pub built_in: Vec<(RoutePattern, String)>,
    /// What the server itself provides: its grant types and assertion types.
    pub provided: Vec<(HookPoint, String)>,
    /// Libraries that killed the server, as [`CallWatch`](crate::CallWatch) named them: reported and not loaded.
    pub left_out: Vec<String>,
    /// Where secrets in configurations come from.
    pub secrets: Arc<dyn Secrets>,
}

impl Plan {
    /// A plan without libraries, settings and routes.
    pub fn new(policy: Policy) -> Plan {
        Plan {
            directories: Vec::new(),
            policy,
            plugins: BTreeMap::new(),
            order: BTreeMap::new(),
            built_in: Vec::new(),
            provided: Vec::new(),
            left_out: Vec::new(),
            secrets: Arc::new(NoSecrets),
        }
    }
}

/// A complete set of plugins. A request holds on to the one it started with; old instances end with the last of them.
pub struct Generation {
    /// The chains.
    pub hooks: Arc<dyn Hooks>,
    /// The URL handlers.
    pub routes: Vec<Arc<dyn Endpoint>>,
    /// URLs of the server that a plugin answers instead, with the operator's consent: leave the server's own out.
    pub overridden: Vec<String>,
    /// What is said of every library and plugin.
    pub report: Vec<PluginReport>,
    /// The chains in words: hook, and plugins in their order.
    pub order: Vec<(String, Vec<String>)>,
    running: Vec<Arc<Plugin>>,
}

impl Generation {
    /// What each plugin did so far.
    pub fn stats(&self) -> impl Iterator<Item = (&str, PluginStats)> {
        self.running.iter().map(|plugin| (&*plugin.name, plugin.stats.read()))
    }
}

/// Loads libraries and builds generations; kept as long as the server runs, since libraries are never unloaded.
pub struct Host {
    world: Arc<World>,
    modules: Modules,
}

impl Host {
    /// `private` is the folder for copies where there is no memfd, `state_dir/plugins`.
    pub fn new(world: World, private: Option<PathBuf>, probe: Probe) -> Host {
        let modules = Modules::new(Arc::clone(&world.clock), Arc::clone(&world.random), private, probe);
        Host { world: Arc::new(world), modules }
    }

    /// Looks at a library without running it in this process, for `plugin approve`, `check` and `info`.
    ///
    /// # Errors
    /// The [`Refusal`] that `serve` would give.
    pub fn examine(&self, path: &Path, trust: Trust) -> Result<Examined, Refusal> {
        self.modules.examine(Snapshot::take(path, trust)?)
    }

    /// Builds a complete new generation. Runs `create` of every plugin, and so may take a while: not on an async worker.
    ///
    /// # Errors
    /// All reports, when one of them [`is_fatal`](PluginReport::is_fatal) and the policy is not [`Policy::Dev`].
    pub fn build(&self, plan: &Plan) -> Result<Generation, Vec<PluginReport>> {
        let (candidates, mut report) = gather(&self.modules, plan);
        let absent = absent(plan, &mut report);
        report.extend(unknown_tables(plan, &candidates, &absent));
        let mut routing = Routing::new(&plan.built_in);
        let mut provisions = Provisions::new(&plan.provided);
        let mut running = Vec::new();
        for mut candidate in candidates {
            match self.start(&candidate, plan, &mut routing, &mut provisions) {
                Ok(started) => running.push(started),
                Err(refusal) => candidate.report.refusal = Some(refusal),
            }
            report.push(candidate.report);
        }
        let chains = order::chains(&running, &without(&plan.order, &absent), &self.world).or_else(|wrong| {
            report.extend(wrong.into_iter().map(|refusal| PluginReport::default().refused(refusal)));
            // In `dev` the registered order serves on; elsewhere nothing does.
            order::chains(&running, &BTreeMap::new(), &self.world)
        });
        let (Ok(chains), false) = (chains, !matches!(plan.policy, Policy::Dev) && report.iter().any(PluginReport::is_fatal)) else {
            return Err(report);
        };
        Ok(generation(running, Arc::new(chains), routing.overridden, report))
    }

    /// Configures and creates one plugin.
    fn start(&self, candidate: &Candidate, plan: &Plan, routing: &mut Routing, provisions: &mut Provisions) -> Result<Running, Refusal> {
        let description = &candidate.loaded.description;
        let settings = plan.plugins.get(&description.name).cloned().unwrap_or_default();
        check_settings(&settings, &description.hooks)?;
        let config = resolve(&settings.config, &*plan.secrets)?;
        let identity = sha256(&[candidate.identity.as_slice(), config.to_string().as_bytes()].concat());
        let label =
            candidate.report.digest.map_or_else(|| description.name.clone(), |digest| format!("{}@{}", description.name, digest.short()));
        let plugin = Arc::new(Plugin { label: label.into(), ..Plugin::new(&description.name, config, &settings) });
        let instance = Arc::new(Instance::create(Arc::clone(&candidate.loaded), plugin, &self.world)?);
        let mut provided = provisions.clone();
        provided.claim(&description.name, &description.hooks)?;
        routing.claim(&description.name, &description.routes, &settings)?;
        *provisions = provided;
        Ok(Running { instance, settings, identity })
    }
}

/// A table for a plugin that is not there: a typing mistake must not disable a check.
fn unknown_tables(plan: &Plan, candidates: &[Candidate], absent: &[String]) -> Vec<PluginReport> {
    let is_known = |name: &String| candidates.iter().any(|candidate| candidate.loaded.description.name == *name);
    let unknown = plan.plugins.keys().filter(|name| !is_known(name) && !absent.contains(name));
    let report = |name: &String| PluginReport { name: name.clone(), ..PluginReport::default() };
    unknown.map(|name| report(name).refused(Refusal::UnknownName(format!("[plugins.{name}]: no plugin `{name}` is loaded")))).collect()
}

/// Names in a plugin's table that nothing has.
fn check_settings(settings: &PluginSettings, hooks: &[HookDescription]) -> Result<(), Refusal> {
    let named = settings.priority.keys().chain(settings.timeouts.keys());
    for name in named {
        if !hooks.iter().any(|hook| hook.name == *name || hook.point_name() == name) {
            return Err(Refusal::UnknownName(format!("the plugin's table names the hook `{name}`, which the plugin does not have")));
        }
    }
    match settings.allow.iter().flatten().find(|name| !CAPABILITIES.contains(&name.as_str())) {
        Some(name) => Err(Refusal::UnknownName(format!("allow: there is no `{name}`; known: {}", CAPABILITIES.join(", ")))),
        None => Ok(()),
    }
}

fn generation(running: Vec<Running>, chains: Arc<Chains>, overridden: Vec<String>, report: Vec<PluginReport>) -> Generation {
    let mut routes: Vec<Arc<dyn Endpoint>> = Vec::new();
    for plugin in &running {
        for (index, route) in (0u32..).zip(&plugin.instance.loaded.description.routes) {
            routes.push(Arc::new(PluginRoute {
                name: format!("plugin/{}", plugin.instance.plugin.name),
                instance: Arc::clone(&plugin.instance),
                index,
                method: Method::from_bytes(route.method.as_bytes()).ok().filter(|_| route.method != "*"),
                path: route.path.clone(),
                shown: route.to_string().into(),
                inline: route.flags & abi::ROUTE_INLINE != 0,
                timeout: order::route_limit(&plugin.settings),
                chains: Arc::clone(&chains),
            }));
        }
    }
    let all = chains
        .points
        .iter()
        .chain(chains.provided.values())
        .chain(chains.custom.values())
        .filter(|chain| !chain.links.is_empty() || !chain.observers.is_empty());
    let names =
        |chain: &crate::chain::Chain| chain.links.iter().chain(&*chain.observers).map(|link| link.plugin().name.to_string()).collect();
    Generation {
        order: all.map(|chain| (chain.name.to_string(), names(chain))).collect(),
        hooks: Arc::new(HookChains(chains)),
        routes,
        overridden,
        report,
        running: running.into_iter().map(|plugin| Arc::clone(&plugin.instance.plugin)).collect(),
    }
}
