//! The chains of one generation: every hook point's plugins in their order, run until one decides.
//!
//! Fails closed. A chain works on a draft; where a plugin denies or fails nothing of the draft goes back to the caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_component::BoxFuture;
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks, Verdict};
use keyhook_core::error::OAuthError;

use crate::call::{Call, Scene};
use crate::job::{self, Progress};
use crate::link::Link;
use crate::observe;
use crate::refusal::Refusal;
use crate::world::World;

/// One chain.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) name: Arc<str>,
    pub(crate) links: Arc<[Link]>,
    pub(crate) observers: Arc<[Link]>,
    /// Changes when a plugin of the chain or its configuration changes.
    pub(crate) generation: u64,
}

/// All chains.
pub(crate) struct Chains {
    /// In the order of [`HookPoint::ALL`].
    pub(crate) points: [Chain; HookPoint::ALL.len()],
    /// By registered name, one link each: `token_grant=urn:…`.
    pub(crate) provided: BTreeMap<String, Chain>,
    pub(crate) custom: BTreeMap<String, Chain>,
    pub(crate) world: Arc<World>,
}

impl Chains {
    fn of(&self, point: HookPoint) -> &Chain {
        &self.points[point as usize]
    }
}

/// The chains as endpoints see them.
#[derive(Clone)]
pub(crate) struct HookChains(pub(crate) Arc<Chains>);

impl Hooks for HookChains {
    fn any(&self, point: HookPoint) -> bool {
        if point.provides() {
            return !self.provided(point).is_empty();
        }
        let chain = self.0.of(point);
        !chain.links.is_empty() || !chain.observers.is_empty()
    }

    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        let chains = Arc::clone(&self.0);
        let chain = chains.of(point);
        // Most chains: nothing to wait for, and so no room to keep for waiting.
        if chain.observers.is_empty() && chain.links.iter().all(|link| link.inline) {
            return Box::pin(async move { run_inline(&chains, chains.of(point), point, call) });
        }
        Box::pin(async move {
            if chains.of(point).observers.is_empty() {
                return run(&chains, chains.of(point), point, call).await;
            }
            let seed = call.clone();
            let finished = run(&chains, chains.of(point), point, call).await;
            observe::run(&chains, point, seed, &finished);
            finished
        })
    }

    fn generation(&self, point: HookPoint) -> u64 {
        self.0.of(point).generation
    }

    fn provided(&self, point: HookPoint) -> Vec<&str> {
        self.0.provided.keys().filter_map(|name| name.strip_prefix(point.name())?.strip_prefix('=')).collect()
    }

    fn provide(&self, point: HookPoint, value: &str, call: HookCall) -> Option<BoxFuture<'static, Finished>> {
        let chain = self.0.provided.get(&format!("{}={value}", point.name()))?.clone();
        let chains = Arc::clone(&self.0);
        Some(Box::pin(async move { run(&chains, &chain, point, call).await }))
    }
}

fn begin(chains: &Arc<Chains>, chain: &Chain, point: HookPoint, first: &Link, draft: HookCall) -> Call {
    let name = Arc::clone(&chain.name);
    let mut call = Call::new(Scene::Hook(point), name, Arc::clone(first.plugin()), Arc::clone(&chains.world), draft);
    call.chains = Some(Arc::clone(chains));
    call
}

fn run_inline(chains: &Arc<Chains>, chain: &Chain, point: HookPoint, draft: HookCall) -> Finished {
    let Some(first) = chain.links.first() else {
        return Finished { call: draft, verdict: Verdict::Continue, plugin: None };
    };
    let mut call = begin(chains, chain, point, first, draft);
    for link in &*chain.links {
        if let Some(verdict) = link.run(&mut call) {
            return finished(link, verdict, call.draft);
        }
    }
    Finished { call: call.draft, verdict: Verdict::Continue, plugin: None }
}

async fn run(chains: &Arc<Chains>, chain: &Chain, point: HookPoint, draft: HookCall) -> Finished {
    let links = &chain.links;
    let Some(first) = links.first() else {
        return Finished { call: draft, verdict: Verdict::Continue, plugin: None };
    };
    let mut call = begin(chains, chain, point, first, draft);
    let mut at = 0;
    while let Some(link) = links.get(at) {
        if link.inline {
            if let Some(verdict) = link.run(&mut call) {
                return finished(link, verdict, call.draft);
            }
            at += 1;
            continue;
        }
        match job::run(Arc::clone(links), at, Box::new(call)).await {
            Progress::At(next, back) => (at, call) = (next, *back),
            Progress::Decided(at, verdict, back) => return finished(&links[at], verdict, back.draft),
            Progress::Lost(at, error) => return finished(&links[at], Verdict::Deny(error), HookCall::default()),
        }
    }
    Finished { call: call.draft, verdict: Verdict::Continue, plugin: None }
}

fn finished(link: &Link, verdict: Verdict, draft: HookCall) -> Finished {
    let plugin = Some(Arc::clone(&link.plugin().name));
    let call = if matches!(verdict, Verdict::Deny(_)) { HookCall::default() } else { draft };
    Finished { call, verdict, plugin }
}

/// Sorts links: by priority, then by the plugin's name, then as the plugin registered them.
pub(crate) fn sort(links: &mut [Link]) {
    links.sort_by(|left, right| {
        let name = |link: &Link| Arc::clone(&link.plugin().name);
        (left.priority, name(left), left.index).cmp(&(right.priority, name(right), right.index))
    });
}

/// Sorts links by the operator's list of plugins.
///
/// # Errors
/// A text, when the list names a plugin that has no such hook, leaves one out, or names one twice.
pub(crate) fn sort_by_list(hook: &str, links: &mut [Link], order: &[String]) -> Result<(), Refusal> {
    let place = |name: &str| order.iter().position(|listed| listed == name);
    for (index, name) in order.iter().enumerate() {
        if order[..index].contains(name) {
            return Err(Refusal::Order(format!("[hooks] {hook}: `{name}` stands there twice")));
        }
        if !links.iter().any(|link| *link.plugin().name == **name) {
            return Err(Refusal::UnknownName(format!("[hooks] {hook}: no plugin `{name}` has this hook")));
        }
    }
    if let Some(left_out) = links.iter().find(|link| place(&link.plugin().name).is_none()) {
        return Err(Refusal::Order(format!("[hooks] {hook}: the list leaves out `{}`", left_out.plugin().name)));
    }
    sort(links);
    links.sort_by_key(|link| place(&link.plugin().name));
    Ok(())
}

/// The word for the fact `outcome`.
pub(crate) fn outcome(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Continue => "continue".into(),
        Verdict::Respond(_) => "respond".into(),
        Verdict::Deny(OAuthError { code, .. }) => format!("deny {}", code.wire()),
        Verdict::SignIn(_) => "sign_in".into(),
        Verdict::Approve(_) => "approve".into(),
        Verdict::Grant(_) => "grant".into(),
        Verdict::Client(_) => "client".into(),
        Verdict::Signature(_) => "signature".into(),
    }
}
