//! A resource server hands a signed request over: it is verified here, where secrets and nonces are, and its principal goes back.

use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::introspection::INACTIVE;
use keyhook_core::kh;
use keyhook_core::oauth1::{Parameters, SignedRequest};
use keyhook_core::scope::Scope;
use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::verify::{Held, Proven, With, verify};

/// What repoze.who's plugin put before a consumer that acts for itself, to make a user's name of it.
const CONSUMER: &str = "consumer:";

/// What a resource server is told.
pub(crate) struct Told {
    /// Whether the request is its client's.
    pub(crate) active: bool,
    /// The answer, JSON.
    pub(crate) body: Vec<u8>,
}

/// Whether a request to the introspection endpoint is about a signed request, and not about a token.
pub(crate) fn is_meant(form: &Form, context: &Context) -> bool {
    context.settings.oauth1.is_some() && form.first("token").is_none() && form.first("uri").is_some()
}

/// Who signed `method` and `uri` with `authorization`, or with what stands in `form`, the body as it came. `{"active":false}` with the
/// problem's name for who did not. The nonce is recorded: a request is good once.
///
/// # Errors
/// `invalid_request` for a URI that is not absolute; `temporarily_unavailable` when a store does not answer.
pub(crate) async fn introspect(arrived: &Request, form: &Form, asker: &Client, context: &Context) -> Result<Told, OAuthError> {
    let uri = form.required("uri")?;
    let body = form.once("form")?;
    let signed = SignedRequest {
        method: form.required("method")?,
        authorization: form.once("authorization")?,
        form_body: body.map(str::as_bytes),
        body_other: None,
        ..split(uri).ok_or_else(relative)?
    };
    // Who may not know of it must not use it up either: a nonce is recorded below.
    if !asker.introspect && !is_own(&signed, asker) {
        return Ok(Told { active: false, body: INACTIVE.to_vec() });
    }
    let answer = match verify(&signed, With::Token, arrived, context).await {
        Ok(Some(proven)) => active(&proven, context),
        Ok(None) => json!({ "active": false }),
        Err(Refused::Failed(error)) => return Err(error),
        Err(Refused::Problem { problem, .. }) => {
            tracing::info!(event = "refused", code = problem.kh, "a request that a resource server handed over: {problem}");
            json!({ "active": false, "oauth_problem": problem.problem.wire() })
        }
    };
    let body = serde_json::to_vec(&answer).map_err(|error| OAuthError::server_error(error.to_string()))?;
    Ok(Told { active: answer["active"] == true, body })
}

fn relative() -> OAuthError {
    OAuthError::invalid_request("uri must be absolute, with http or https").with_kh(kh::OAUTH1_PARAMETERS)
}

/// Whether a request says to be the asker's.
fn is_own(signed: &SignedRequest<'_>, asker: &Client) -> bool {
    Parameters::collect(signed).ok().flatten().is_some_and(|parameters| parameters.consumer_key() == asker.id)
}

fn active(proven: &Proven, context: &Context) -> Value {
    let client = &proven.client;
    let mut told = Map::new();
    told.insert("active".into(), true.into());
    told.insert("token_type".into(), "OAuth".into());
    told.insert("client_id".into(), client.id.as_str().into());
    told.insert("iss".into(), context.settings.issuer.as_str().into());
    told.insert("covers_body".into(), proven.request.covers_body().into());
    if !client.attributes.is_empty() {
        told.insert("client_attributes".into(), client.attributes.clone().into());
    }
    let repoze = context.settings.imitates("repoze");
    match &proven.held {
        Held::Token(token) => {
            // A token lives for long: what the operator took from its client since, it may no more.
            let scope: Scope = token.body.scope.iter().filter(|scope| client.scope.contains(scope)).collect();
            told.insert("scope".into(), scope.as_str().into());
            told.insert("exp".into(), token.expires_at.seconds().into());
            told.insert("iat".into(), token.id().born().seconds().into());
            if let Some(subject) = &token.subject {
                told.insert("sub".into(), subject.as_str().into());
                // A user who is called like a consumer must not be taken for one.
                if !(repoze && subject.starts_with(CONSUMER)) {
                    told.insert("username".into(), subject.as_str().into());
                }
            }
        }
        // For itself it may do what it is registered for.
        Held::Nothing | Held::Temporary(_) => {
            told.insert("scope".into(), client.default_scope.as_str().into());
            if repoze {
                told.insert("username".into(), format!("{CONSUMER}{}", client.id).into());
            }
        }
    }
    Value::Object(told)
}

/// A URI in the parts that are signed, byte for byte.
fn split(uri: &str) -> Option<SignedRequest<'_>> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    let fits = !authority.is_empty() && !authority.contains('@');
    fits.then_some(SignedRequest { method: "", scheme, authority, path, query, authorization: None, form_body: None, body_other: None })
}
