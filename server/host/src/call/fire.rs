//! `fire`: a plugin runs a hook of its own making, on its own thread, for whoever registered it.

use std::sync::Arc;

use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_core::error::OAuthError;
use keyhook_plugin::abi::{self, Str};
use serde_json::Value;
use tokio::time::Instant;

use super::limits::PAYLOAD_BYTES;
use super::{Call, Scene};
use crate::chain::{Chain, Chains};
use crate::failure::{self, DENIED};
use crate::link::Link;
use crate::table::is_name;

/// Why a custom hook was refused.
pub(super) struct Fired {
    pub(super) plugin: Arc<str>,
    /// The OAuth error of a denial in public.
    pub(super) error: Option<&'static str>,
    /// Its text.
    pub(super) description: Option<String>,
}

/// Custom hooks inside custom hooks.
const MAX_DEPTH: usize = 4;

impl Call {
    /// Fires a custom hook; the payload as the chain left it, as JSON.
    pub(crate) fn fire(&mut self, name: &str, json: &str) -> Result<Str, i32> {
        if self.only_watches() {
            return Err(abi::NOT_PERMITTED);
        }
        let chains = self.chains.clone().ok_or(abi::NOT_HERE)?;
        self.fired = None;
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
    fn run_custom(&mut self, chains: &Arc<Chains>, chain: &Chain, payload: Value) -> Result<Value, i32> {
        let waits = chain.links.iter().chain(&*chain.observers).find(|link| !link.inline);
        if let Some(link) = waits.filter(|_| !self.blocking) {
            self.fired = Some(Box::new(Fired { plugin: Arc::clone(&link.plugin().name), error: None, description: None }));
            return Err(abi::WOULD_BLOCK);
        }
        let mut inner = self.inner(chains, chain);
        inner.payload = payload;
        match run(chain, &mut inner) {
            None => Ok(inner.payload),
            Some((link, error)) => {
                let is_public = error.public.is_some();
                let description = error.public.clone();
                let code = is_public.then(|| error.code.wire());
                self.fired = Some(Box::new(Fired { plugin: Arc::clone(&link.plugin().name), error: code, description }));
                Err(if error.kh == DENIED { abi::DENIED } else { abi::FAILED })
            }
        }
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

/// Who denied, and how. Fails closed: a plugin without a free place denies too.
fn run<'a>(chain: &'a Chain, call: &mut Call) -> Option<(&'a Link, OAuthError)> {
    let outer = call.deadline;
    for link in chain.links.iter().chain(&*chain.observers) {
        let _place = match (link.inline, link.plugin().bulkhead.try_enter()) {
            (true, _) => None,
            (false, Some(place)) => Some(place),
            (false, None) => return Some((link, failure::saturated(&link.plugin().name))),
        };
        if call.blocking {
            let own = Instant::now() + link.timeout;
            call.deadline = Some(outer.map_or(own, |outer| outer.min(own)));
        }
        match link.run(call) {
            None => {}
            Some(Verdict::Deny(error)) => return Some((link, error)),
            Some(_) => return None,
        }
    }
    None
}
