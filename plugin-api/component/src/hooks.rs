//! What an endpoint hands to a chain of hooks and what it gets back.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use serde_json::{Map, Value};

use crate::BoxFuture;
use crate::dev::HookChange;
use crate::request::Request;
use crate::response::Response;

/// The hook points that the server fires, with oauth2u's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookPoint {
    /// `authorization_GET`.
    AuthorizationGet,
    /// `authorization_POST`.
    AuthorizationPost,
    /// `access_token_validation`.
    AccessTokenValidation,
    /// `access_token_response`.
    AccessTokenResponse,
}

impl HookPoint {
    /// Every hook point.
    pub const ALL: [HookPoint; 4] =
        [HookPoint::AuthorizationGet, HookPoint::AuthorizationPost, HookPoint::AccessTokenValidation, HookPoint::AccessTokenResponse];

    /// The name that plugins register.
    pub const fn name(self) -> &'static str {
        match self {
            HookPoint::AuthorizationGet => "authorization_GET",
            HookPoint::AuthorizationPost => "authorization_POST",
            HookPoint::AccessTokenValidation => "access_token_validation",
            HookPoint::AccessTokenResponse => "access_token_response",
        }
    }
}

/// Data that plugins attached, by plugin name. Each plugin sees its own; ≤ 4 KiB each.
pub type PluginData = BTreeMap<String, Map<String, Value>>;

/// A browser session's values, by plugin name and key.
pub type SessionValues = BTreeMap<String, BTreeMap<String, String>>;

/// Everything a chain may read and change. Owned, because a hook that overran its deadline may still write into it.
#[derive(Clone, Debug, Default)]
pub struct HookCall {
    /// The HTTP request, if there is one.
    pub request: Option<Arc<Request>>,
    /// Facts by name, in the words of `abi::part::FACT`.
    pub facts: Vec<(&'static str, String)>,
    /// Form parameters that the hook may see.
    pub form: Option<Arc<Form>>,
    /// The token response as drafted. Protected members are refused to every plugin.
    pub response: Map<String, Value>,
    /// Plugins' data that came with code, grant or token; edits travel on.
    pub data: PluginData,
    /// The session's values; `None` where there is no session to write to.
    pub session: Option<SessionValues>,
    /// What each plugin changed in the response, in order; `None` where nobody asks, which is everywhere but in the playground.
    pub changes: Option<Vec<HookChange>>,
    /// A plugin that is left out of this call: it has just signed the user in, and the others are asked about that user.
    pub skip: Option<Arc<str>>,
}

impl HookCall {
    /// Adds a fact.
    pub fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    /// Adds a fact that may be absent.
    pub fn fact_if(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }
}

/// The user whom a plugin signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who, ≤ 255 bytes.
    pub subject: String,
    /// When the user proved it, seconds; `None` is now. Never in the future.
    pub auth_time: Option<i64>,
    /// Authentication context class.
    pub acr: Option<String>,
    /// Authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// The user agreed on the same page.
    pub approved: Option<Approved>,
}

/// What a plugin that may (`allow = ["approve"]`) approved in the user's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approved {
    /// All that was requested.
    Everything,
    /// This scope, a subset of the requested one.
    Part(String),
}

/// What a chain decided.
#[derive(Debug)]
pub enum Verdict {
    /// Nobody objected or answered.
    Continue,
    /// A plugin answered the browser.
    Respond(Response),
    /// A plugin refused, or failed: nothing of its edits is kept.
    Deny(OAuthError),
    /// A plugin signed the user in; consent follows.
    SignIn(SignIn),
    /// A plugin approved for the user who is signed in.
    Approve(Approved),
}

/// A chain that has run.
#[derive(Debug)]
pub struct Finished {
    /// The call with the edits of every plugin that succeeded.
    pub call: HookCall,
    /// The decision.
    pub verdict: Verdict,
    /// The plugin that decided, if one did.
    pub plugin: Option<Arc<str>>,
}

/// The chains of one generation of plugins. A request keeps one generation from start to end.
pub trait Hooks: Send + Sync {
    /// Whether any hook is registered; an empty chain costs nothing.
    fn any(&self, point: HookPoint) -> bool;

    /// Runs a chain. Fails closed: a panic, a timeout, an open breaker is [`Verdict::Deny`].
    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished>;

    /// Identifies the set of plugins that answers `point`; changes when a plugin on it changes.
    fn generation(&self, point: HookPoint) -> u64;
}

/// No plugins at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn any(&self, _: HookPoint) -> bool {
        false
    }

    fn run(&self, _: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        Box::pin(async { Finished { call, verdict: Verdict::Continue, plugin: None } })
    }

    fn generation(&self, _: HookPoint) -> u64 {
        0
    }
}
