//! Observers: hooks that run after the decision, see its outcome, change nothing and hold nobody up.

use std::sync::Arc;

use keyhook_component::hooks::{Finished, HookCall, HookPoint, Verdict};
use tokio::runtime::Handle;

use crate::call::{Call, Scene};
use crate::chain::{Chains, outcome};
use crate::job;
use crate::link::Link;

/// Runs a chain's observers: inline ones at once, the others beside the request. `seed` is the call before the chain, for what a
/// denial threw away.
pub(crate) fn run(chains: &Arc<Chains>, point: HookPoint, seed: HookCall, finished: &Finished) {
    let mut shown = if matches!(finished.verdict, Verdict::Deny(_)) { seed } else { finished.call.clone() };
    shown.facts.retain(|(name, _)| *name != "outcome");
    shown.fact("outcome", outcome(&finished.verdict));
    for link in &*chains.points[point as usize].observers {
        let mut call = watching(chains, point, link, shown.clone());
        if link.inline {
            link.run(&mut call);
        } else if let Ok(runtime) = Handle::try_current() {
            let alone: Arc<[Link]> = Arc::new([link.clone()]);
            // What it answers is nobody's concern; what went wrong is in the log.
            drop(runtime.spawn(async move { drop(job::run(alone, 0, Box::new(call)).await) }));
        }
    }
}

fn watching(chains: &Arc<Chains>, point: HookPoint, link: &Link, seen: HookCall) -> Call {
    let name = Arc::clone(&chains.points[point as usize].name);
    Call::new(Scene::Observer(point), name, Arc::clone(link.plugin()), Arc::clone(&chains.world), seen)
}
