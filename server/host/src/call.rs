//! The state behind `cx`: everything that a plugin reads and writes during one call, owned by whoever runs the call.
//!
//! A hook that overran its deadline may still write into it; so it moves into the job and is never borrowed from a request.

mod denial;
mod fire;
mod limits;
mod outcome;
mod read;
mod register;
mod reply;
mod store;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyhook_component::hooks::{HookCall, HookPoint};
use keyhook_plugin::abi::Str;
use serde_json::Value;
use tokio::time::Instant;

use crate::chain::Chains;
use crate::plugin::Plugin;
use crate::world::World;

pub(crate) use denial::Denial;
pub(crate) use outcome::Wish;
pub(crate) use reply::Reply;

/// What kind of call it is: decides which parts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// `create`: only the configuration.
    Create,
    /// A hook before the decision.
    Hook(HookPoint),
    /// A hook after it: sees everything, changes nothing.
    Observer(HookPoint),
    /// A hook that another plugin fired.
    Custom,
    /// A URL handler.
    Route,
}

/// One call, or a chain of calls on the same draft.
pub(crate) struct Call {
    pub(crate) scene: Scene,
    /// Name of the hook; method and path in routes, empty in `create`.
    pub(crate) hook: Arc<str>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) world: Arc<World>,
    /// Where `fire` finds its chains; `None` in `create`.
    pub(crate) chains: Option<Arc<Chains>>,
    /// What hooks read and change.
    pub(crate) draft: HookCall,
    /// The payload of a custom hook.
    pub(crate) payload: Value,
    /// The answer, if one was begun.
    pub(crate) reply: Option<Box<Reply>>,
    /// How it was denied.
    pub(crate) denial: Option<Box<Denial>>,
    /// What the plugin decides, value by value.
    pub(crate) wish: Option<Box<Wish>>,
    /// Whether it may wait: it runs on a thread of its own.
    pub(crate) blocking: bool,
    pub(crate) deadline: Option<Instant>,
    /// Set when nobody waits for the result any more; `None` where it cannot happen.
    pub(crate) cancelled: Option<Arc<AtomicBool>>,
    /// Why the last custom hook that it fired was refused.
    fired: Option<Box<fire::Fired>>,
    /// Custom hooks that are being fired around this call.
    pub(crate) firing: Vec<Arc<str>>,
    /// Bytes lent to the plugin that belong to nothing else.
    arena: Vec<Box<[u8]>>,
    /// Size of the token response, once somebody wrote to it.
    response_bytes: Option<usize>,
    query: Parsed,
    form: Parsed,
}

/// Parameters that are parsed when a plugin asks for them.
enum Parsed {
    NotYet,
    Done(Option<Arc<keyhook_core::form::Form>>),
}

impl Call {
    pub(crate) fn new(scene: Scene, hook: Arc<str>, plugin: Arc<Plugin>, world: Arc<World>, draft: HookCall) -> Call {
        Call {
            scene,
            hook,
            plugin,
            world,
            chains: None,
            draft,
            payload: Value::Null,
            reply: None,
            denial: None,
            wish: None,
            blocking: false,
            deadline: None,
            cancelled: None,
            fired: None,
            firing: Vec::new(),
            arena: Vec::new(),
            response_bytes: None,
            query: Parsed::NotYet,
            form: Parsed::NotYet,
        }
    }

    /// Makes it the next plugin's turn: what the one before began and did not finish is gone.
    pub(crate) fn pass_to(&mut self, plugin: &Arc<Plugin>) {
        if !Arc::ptr_eq(&self.plugin, plugin) {
            self.plugin = Arc::clone(plugin);
        }
        self.reply = None;
        self.denial = None;
        self.wish = None;
        self.fired = None;
        self.arena.clear();
    }

    /// Whether the deadline has passed or nobody waits any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_given_up() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether nobody waits for the result any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|cancelled| cancelled.load(Ordering::Acquire))
    }

    /// Whether this call only watches.
    fn only_watches(&self) -> bool {
        matches!(self.scene, Scene::Observer(_))
    }

    /// Keeps bytes for the plugin until its next change.
    fn keep(&mut self, bytes: Vec<u8>) -> Str {
        keep(&mut self.arena, bytes)
    }

    /// Ends what was lent: the law of the border, rule 1. After the change, never before: its arguments may have been lent.
    fn changed(&mut self) {
        self.arena.clear();
    }
}

fn keep(arena: &mut Vec<Box<[u8]>>, bytes: Vec<u8>) -> Str {
    let bytes = bytes.into_boxed_slice();
    let lent = Str::of(&bytes);
    arena.push(bytes);
    lent
}

/// The hook point of an authorization hook, watched or not.
pub(crate) fn is_authorization(scene: Scene) -> bool {
    matches!(scene, Scene::Hook(point) | Scene::Observer(point)
        if matches!(point, HookPoint::AuthorizationGet | HookPoint::AuthorizationPost))
}

/// Whether the call has a response whose members are edited.
fn has_response(scene: Scene) -> bool {
    is_token_response(scene) || is_oauth1_response(scene)
}

fn is_token_response(scene: Scene) -> bool {
    matches!(scene, Scene::Hook(HookPoint::AccessTokenResponse) | Scene::Observer(HookPoint::AccessTokenResponse))
}

/// The two answers of OAuth 1.0a, which are forms (RFC 5849 §2.1, §2.3).
fn is_oauth1_response(scene: Scene) -> bool {
    matches!(scene, Scene::Hook(point) | Scene::Observer(point)
        if matches!(point, HookPoint::RequestTokenResponse | HookPoint::Oauth1AccessTokenResponse))
}
