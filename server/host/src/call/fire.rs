//! `fire`: a plugin runs a hook of its own making, on its own thread, for whoever registered it.

use std::sync::Arc;

use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_plugin::abi::{self, Str};
use serde_json::Value;
use tokio::time::Instant;

use super::limits::PAYLOAD_BYTES;
use super::{Call, Scene};
use crate::chain::{Chain, Chains};
use crate::table::is_name;

/// Custom hooks inside custom hooks.
const MAX_DEPTH: usize = 4;

impl Call {
    /// Fires a custom hook; the payload as the chain left it, as JSON.
    pub(crate) fn fire(&mut self, name: &str, json: &str) -> Result<Str, i32> {
        if self.only_watches() {
            return Err(abi::NOT_PERMITTED);
        }
        let chains = self.chains.clone().ok_or(abi::NOT_HERE)?;
        if !is_name(name) || HookPoint::ALL.iter().any(|point| point.name() == name) || json.len() > PAYLOAD_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        if self.firing.len() >= MAX_DEPTH || self.firing.iter().any(|outer| &**outer == name) {
            return Err(abi::NOT_PERMITTED);
        }
        let payload: Value = serde_json::from_str(json).map_err(|_| abi::BAD_ARGUMENT)?;
        let left = match chains.custom.get(name) {
            Some(chain) => self.run_custom(&chains, chain, payload)?,
            None => payload,
        };
        let left = left.to_string().into_bytes();
        self.changed();
        Ok(self.keep(left))
    }

    /// Runs a custom chain; the payload as it left it.
    fn run_custom(&self, chains: &Arc<Chains>, chain: &Chain, payload: Value) -> Result<Value, i32> {
        if !self.blocking && chain.links.iter().chain(&*chain.observers).any(|link| !link.inline) {
            return Err(abi::WOULD_BLOCK);
        }
        let mut inner = self.inner(chains, chain);
        inner.payload = payload;
        let is_denied = run(chain, &mut inner);
        if is_denied { Err(abi::CONFLICT) } else { Ok(inner.payload) }
    }

    /// A call of its own: nothing of the outer draft is seen by the plugins of a custom hook.
    fn inner(&self, chains: &Arc<Chains>, chain: &Chain) -> Call {
        let draft = HookCall { request: self.draft.request.clone(), ..HookCall::default() };
        let (plugin, world) = (Arc::clone(&self.plugin), Arc::clone(&self.world));
        let mut inner = Call::new(Scene::Custom, Arc::clone(&chain.name), plugin, world, draft);
        inner.chains = Some(Arc::clone(chains));
        inner.blocking = self.blocking;
        inner.cancelled.clone_from(&self.cancelled);
        inner.firing.clone_from(&self.firing);
        inner.firing.push(Arc::clone(&chain.name));
        inner.deadline = self.deadline;
        inner
    }
}

/// Whether somebody denied. Fails closed: a plugin without a free place denies too.
fn run(chain: &Chain, call: &mut Call) -> bool {
    let outer = call.deadline;
    for link in chain.links.iter().chain(&*chain.observers) {
        let _place = match (link.inline, link.plugin().bulkhead.try_enter()) {
            (true, _) => None,
            (false, Some(place)) => Some(place),
            (false, None) => return true,
        };
        if call.blocking {
            let own = Instant::now() + link.timeout;
            call.deadline = Some(outer.map_or(own, |outer| outer.min(own)));
        }
        match link.run(call) {
            None => {}
            Some(Verdict::Deny(_)) => return true,
            Some(_) => return false,
        }
    }
    false
}
