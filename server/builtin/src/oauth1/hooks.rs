//! The hooks of OAuth 1.0a: whose a consumer key is, what a plugin's method signs, which requests pass, what an answer says besides.
//!
//! Where no plugin has registered, nothing is built and nothing runs. A plugin that breaks refuses the request.

use std::sync::Arc;

use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::hooks::{HookCall, HookPoint, PluginData, Verdict};
use keyhook_component::request::Request;
use keyhook_core::Secret;
use keyhook_core::client::Client;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::form::Form;
use keyhook_core::oauth1::credentials::may_be_added;
use keyhook_core::oauth1::signature::Supplied;
use keyhook_core::oauth1::{Oauth1Error, Problem, SignedRequest, SigningKey, Unverified, VerifiedRequest};
use serde_json::{Map, Value};

use super::arrived::Arrived;
use super::refused::Refused;
use crate::token_hooks::{is_secret, without};
use crate::token_kh;

/// The key that plugins sign with for whoever is unknown, so that it takes the time of a known one.
const NOBODY: &str = "a%20consumer%20that%20nobody%20registered&a%20token%20that%20nobody%20was%20given";

/// The client for which a key stands that is no client's, as a plugin says. A name and no more: the caller looks it up.
///
/// # Errors
/// When the plugin breaks. One that denies is not told apart from one that knows nobody.
pub(super) async fn consumer(key: &str, arrived: Arrived<'_>, context: &Context) -> Result<Option<String>, OAuthError> {
    if !context.hooks.any(HookPoint::Oauth1Consumer) {
        return Ok(None);
    }
    let mut call = HookCall { request: Some(bare(&arrived.request()).0), ..HookCall::default() };
    call.fact("consumer_key", key);
    match context.hooks.run(HookPoint::Oauth1Consumer, call).await.verdict {
        Verdict::Client(id) => Ok(Some(id)),
        Verdict::Deny(error) if broke(&error) => Err(error),
        Verdict::Continue | Verdict::Deny(_) => Ok(None),
        _ => Err(no_such_verdict(HookPoint::Oauth1Consumer)),
    }
}

/// The method of a plugin with the one signature that is right here; `None` if no plugin has one of this name.
///
/// # Errors
/// When the plugin breaks. Where it denies, no signature is right.
pub(super) async fn method(
    unverified: &Unverified<'_>,
    key: Option<&SigningKey<'_>>,
    context: &Context,
) -> Result<Option<Supplied>, OAuthError> {
    let name = unverified.parameters().signature_method();
    if !context.hooks.is_provided(HookPoint::Oauth1Signature, name) {
        return Ok(None);
    }
    let known = key.and_then(SigningKey::joined);
    let joined = known.as_ref().map_or(NOBODY, |joined| joined.as_str());
    let mut call = HookCall::default();
    call.fact("signature_method", name);
    call.secret("base_string", Secret::new(unverified.base_string().as_str().to_owned()));
    call.secret("signing_key", Secret::new(joined.to_owned()));
    let Some(asked) = context.hooks.provide(HookPoint::Oauth1Signature, name, call) else { return Ok(None) };
    let expected = match asked.await.verdict {
        Verdict::Signature(expected) => expected,
        Verdict::Deny(error) if broke(&error) => return Err(error),
        Verdict::Deny(_) => Secret::new(String::new()),
        _ => return Err(no_such_verdict(HookPoint::Oauth1Signature)),
    };
    // A method that shows the key is for TLS alone, as PLAINTEXT is (RFC 5849 §3.4.4).
    let shows_key = expected.expose().contains(joined);
    let method = Supplied::new(name.to_owned(), expected);
    Ok(Some(if shows_key { method.over_tls() } else { method }))
}

/// A request whose signature holds, and whose nonce nobody has recorded.
pub(super) struct Passing<'a> {
    /// What was signed.
    pub(super) signed: &'a SignedRequest<'a>,
    /// That it was.
    pub(super) verified: &'a VerifiedRequest,
    /// Who signed.
    pub(super) client: &'a Client,
    /// Whose token it is signed with.
    pub(super) subject: Option<&'a str>,
}

impl Passing<'_> {
    /// Asks the plugins that may refuse it. None of them can let a request pass that was refused before.
    ///
    /// # Errors
    /// What a plugin denies with; when one breaks.
    pub(super) async fn may(&self, arrived: Arrived<'_>, context: &Context) -> Result<(), Refused> {
        if !context.hooks.any(HookPoint::Oauth1Request) {
            return Ok(());
        }
        let finished = context.hooks.run(HookPoint::Oauth1Request, self.call(arrived)).await;
        match finished.verdict {
            Verdict::Continue => Ok(()),
            Verdict::Deny(error) => Err(denied(error)),
            _ => Err(no_such_verdict(HookPoint::Oauth1Request).into()),
        }
    }

    fn call(&self, arrived: Arrived<'_>) -> HookCall {
        let mut call = HookCall { request: Some(bare(&arrived.request()).0), ..HookCall::default() };
        let parameters = self.verified.parameters();
        call.fact("client_id", self.client.id.as_str());
        call.fact("consumer_key", self.verified.consumer_key());
        call.fact_if("token", self.verified.token());
        call.fact_if("subject", self.subject);
        call.fact_if("timestamp", parameters.timestamp().map(|seconds| seconds.to_string()));
        call.fact_if("nonce", parameters.nonce());
        call.fact("signature_method", parameters.signature_method());
        call.fact("method", self.signed.method);
        call.fact("uri", format!("{}://{}{}", self.signed.scheme, self.signed.authority, self.signed.path));
        call
    }
}

/// Credentials that are drafted and not yet stored.
pub(super) struct Answering<'a> {
    /// `request_token_response` or `oauth1_access_token_response`.
    pub(super) point: HookPoint,
    /// The members of the answer.
    pub(super) drafted: &'a [(&'static str, &'a str)],
    /// Whose they are.
    pub(super) client: &'a Client,
    /// Who authorized them.
    pub(super) subject: Option<&'a str>,
    /// What plugins noted when they were authorized.
    pub(super) data: &'a PluginData,
}

impl Answering<'_> {
    /// What plugins add to the answer.
    ///
    /// # Errors
    /// What a plugin denies with; when one breaks; `server_error` when a member of ours came back changed.
    pub(super) async fn added(&self, arrived: &Request, context: &Context, event: &mut Event) -> Result<Vec<(String, String)>, Refused> {
        if !context.hooks.any(self.point) {
            return Ok(Vec::new());
        }
        let finished = context.hooks.run(self.point, self.call(arrived)).await;
        match finished.verdict {
            Verdict::Continue => Ok(self.more(finished.call.response)?),
            Verdict::Deny(error) => {
                event.plugin = finished.plugin;
                Err(denied(error))
            }
            _ => {
                event.plugin = finished.plugin;
                Err(no_such_verdict(self.point).into())
            }
        }
    }

    fn call(&self, arrived: &Request) -> HookCall {
        let (request, form) = bare(arrived);
        let mut call = HookCall { request: Some(request), form: Some(form), data: self.data.clone(), ..HookCall::default() };
        call.fact("client_id", self.client.id.as_str());
        call.fact("client_name", self.client.name.as_str());
        call.fact_if("subject", self.subject);
        call.response = self.drafted.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        call
    }

    /// The members that are not ours, as a form holds them. The host refuses every change of ours; this is the second lock.
    fn more(&self, mut edited: Map<String, Value>) -> Result<Vec<(String, String)>, OAuthError> {
        let kept = self.drafted.iter().all(|(name, value)| edited.remove(*name).is_some_and(|edited| edited == *value));
        let more: Option<Vec<_>> = edited.into_iter().map(|(name, value)| Some((name, field(value)?))).collect();
        more.filter(|more| kept && more.iter().all(|(name, _)| !is_ours(name))).ok_or_else(|| {
            OAuthError::server_error("a protected member of an answer came back changed").with_kh(token_kh::PROTECTED_CHANGED)
        })
    }
}

/// Whether only the server says it (RFC 5849 §2.1, §2.3).
fn is_ours(name: &str) -> bool {
    !may_be_added(name) || name.starts_with("oauth_problem")
}

fn field(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A plugin's no in the words of OAuth 1.0a. Only who has proven who it is hears it; what the plugin says goes to the log.
pub(super) fn denied(error: OAuthError) -> Refused {
    if broke(&error) {
        return error.into();
    }
    let problem = match error.code {
        ErrorCode::InvalidRequest => Problem::ParameterRejected,
        ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient => Problem::ConsumerKeyRefused,
        ErrorCode::InvalidGrant | ErrorCode::InvalidToken => Problem::TokenRejected,
        _ => Problem::PermissionDenied,
    };
    Oauth1Error::new(problem, "the request was refused").with_kh(error.kh).with_cause(error.cause.unwrap_or_default()).into()
}

/// Whether a plugin failed, and did not say no.
fn broke(error: &OAuthError) -> bool {
    matches!(error.code, ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable)
}

fn no_such_verdict(point: HookPoint) -> OAuthError {
    OAuthError::server_error(format!("{} answered as another hook does", point.name())).with_kh(token_kh::WRONG_VERDICT)
}

/// The request as plugins see it: without what signs, or proves anything else.
fn bare(arrived: &Request) -> (Arc<Request>, Arc<Form>) {
    let form = arrived.form().unwrap_or_default();
    without(arrived, &form, |name| is_secret(name) || name == "oauth_signature" || name == "oauth_verifier")
}
