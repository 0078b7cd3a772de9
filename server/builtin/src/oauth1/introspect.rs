//! A resource server hands a signed request over: it is verified here, where secrets and nonces are, and its principal goes back.

use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::introspection::INACTIVE;
use keyhook_core::kh;
use keyhook_core::oauth1::{Parameters, SignedBy, SignedRequest};
use serde_json::{Value, json};

use super::arrived::Arrived;
use super::refused::Refused;
use super::signed_by::signed_by;
use super::verify::{With, verify};

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
        ..SignedRequest::at(uri).ok_or_else(relative)?
    };
    // Who may not know of it must not use it up either: a nonce is recorded below.
    if !asker.introspect && !is_own(&signed, asker) {
        return Ok(Told { active: false, body: INACTIVE.to_vec() });
    }
    let answer = match verify(&signed, With::Token, Arrived::Here(arrived), context).await {
        Ok(Some(proven)) => active(signed_by(&proven, context)),
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

/// What a resource server is told (RFC 7662 §2.2).
fn active(signed_by: SignedBy) -> Value {
    let mut told = signed_by.attributes;
    told.insert("active".into(), true.into());
    told.insert("token_type".into(), "OAuth".into());
    told.insert("client_id".into(), signed_by.client.into());
    told.insert("iss".into(), signed_by.issuer.into());
    told.insert("scope".into(), signed_by.scope.as_str().into());
    if let Some((iat, exp)) = signed_by.token_lives {
        told.insert("exp".into(), exp.seconds().into());
        told.insert("iat".into(), iat.seconds().into());
    }
    if let Some(subject) = signed_by.subject {
        told.insert("sub".into(), subject.into());
    }
    Value::Object(told)
}
