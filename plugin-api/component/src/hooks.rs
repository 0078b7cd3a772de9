//! What an endpoint hands to a chain of hooks and what it gets back.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::secret::Secret;
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
    /// `client_assertion`, registered for a `client_assertion_type`.
    ClientAssertion,
    /// `token_grant`, registered for a `grant_type`.
    TokenGrant,
    /// `access_token_validation`.
    AccessTokenValidation,
    /// `access_token_response`.
    AccessTokenResponse,
    /// `oauth1_consumer`.
    Oauth1Consumer,
    /// `oauth1_signature`, registered for an `oauth_signature_method`.
    Oauth1Signature,
    /// `oauth1_request`.
    Oauth1Request,
    /// `request_token_response`.
    RequestTokenResponse,
    /// `oauth1_access_token_response`.
    Oauth1AccessTokenResponse,
}

impl HookPoint {
    /// Every hook point.
    pub const ALL: [HookPoint; 11] = [
        HookPoint::AuthorizationGet,
        HookPoint::AuthorizationPost,
        HookPoint::ClientAssertion,
        HookPoint::TokenGrant,
        HookPoint::AccessTokenValidation,
        HookPoint::AccessTokenResponse,
        HookPoint::Oauth1Consumer,
        HookPoint::Oauth1Signature,
        HookPoint::Oauth1Request,
        HookPoint::RequestTokenResponse,
        HookPoint::Oauth1AccessTokenResponse,
    ];

    /// The name that plugins register.
    pub const fn name(self) -> &'static str {
        match self {
            HookPoint::AuthorizationGet => "authorization_GET",
            HookPoint::AuthorizationPost => "authorization_POST",
            HookPoint::ClientAssertion => "client_assertion",
            HookPoint::TokenGrant => "token_grant",
            HookPoint::AccessTokenValidation => "access_token_validation",
            HookPoint::AccessTokenResponse => "access_token_response",
            HookPoint::Oauth1Consumer => "oauth1_consumer",
            HookPoint::Oauth1Signature => "oauth1_signature",
            HookPoint::Oauth1Request => "oauth1_request",
            HookPoint::RequestTokenResponse => "request_token_response",
            HookPoint::Oauth1AccessTokenResponse => "oauth1_access_token_response",
        }
    }

    /// Whether plugins register it for a value of their own, and the one that did is asked: there is no chain.
    pub const fn provides(self) -> bool {
        matches!(self, HookPoint::ClientAssertion | HookPoint::TokenGrant | HookPoint::Oauth1Signature)
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
    /// Facts that a plugin gets by name and that are listed nowhere: they sign.
    pub secrets: Vec<(&'static str, Secret<String>)>,
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

    /// Adds a fact that is listed nowhere.
    pub fn secret(&mut self, name: &'static str, value: Secret<String>) {
        self.secrets.push((name, value));
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

/// What a plugin grants for a `grant_type` of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granting {
    /// Whose grant it is, ≤ 255 bytes; `None` is the client's own.
    pub subject: Option<String>,
    /// The most that is granted; `None` is what the client asked for.
    pub scope: Option<String>,
    /// Whether a refresh token is issued, if the client may have one.
    pub refresh: bool,
    /// When the user proved who they are, seconds; `None` is now. Never in the future.
    pub auth_time: Option<i64>,
    /// Authentication context class.
    pub acr: Option<String>,
    /// Authentication methods (RFC 8176).
    pub amr: Vec<String>,
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
    /// The plugin of a `grant_type` grants.
    Grant(Box<Granting>),
    /// The plugin of a `client_assertion_type` names the client that the assertion proves; in `oauth1_consumer` the client that a consumer
    /// key stands for.
    Client(String),
    /// The plugin of an `oauth_signature_method` says which signature is the right one.
    Signature(Secret<String>),
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

    /// The values for which plugins registered a hook that [`provides`](HookPoint::provides), sorted.
    fn provided(&self, _: HookPoint) -> Vec<&str> {
        Vec::new()
    }

    /// Asks the plugin that registered for `value`; `None` when nobody did. Fails closed, as [`Hooks::run`].
    fn provide(&self, _: HookPoint, _: &str, _: HookCall) -> Option<BoxFuture<'static, Finished>> {
        None
    }

    /// Whether somebody registered for `value`.
    fn is_provided(&self, point: HookPoint, value: &str) -> bool {
        self.provided(point).contains(&value)
    }
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
