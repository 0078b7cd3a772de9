//! What is said of a request whose signature holds; and the same for an API in the same process, which asks without a socket.

use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_core::oauth1::{SignedBy, SignedRequest, Unproven};
use keyhook_core::scope::Scope;
use serde_json::Map;

use super::arrived::Arrived;
use super::refused::Refused;
use super::verify::{Held, Proven, With, verify};

/// What repoze.who's plugin put before a consumer that acts for itself, to make a user's name of it.
const CONSUMER: &str = "consumer:";

/// Who signed, and what they may do.
pub(super) fn signed_by(proven: &Proven, context: &Context) -> SignedBy {
    let client = &proven.client;
    let repoze = context.settings.imitates("repoze");
    let mut attributes = Map::new();
    attributes.insert("covers_body".into(), proven.request.covers_body().into());
    if !client.attributes.is_empty() {
        attributes.insert("client_attributes".into(), client.attributes.clone().into());
    }
    let (scope, subject, token_lives) = match &proven.held {
        Held::Token(token) => {
            // A token lives for long: what the operator took from its client since, it may no more.
            let scope: Scope = token.body.scope.iter().filter(|scope| client.scope.contains(scope)).collect();
            (scope, token.subject.as_deref(), Some((token.id().born(), token.expires_at)))
        }
        // For itself it may do what it is registered for.
        Held::Nothing | Held::Temporary(_) => (client.default_scope.clone(), None, None),
    };
    match subject {
        // A user who is called like a consumer must not be taken for one.
        Some(subject) if !(repoze && subject.starts_with(CONSUMER)) => drop(attributes.insert("username".into(), subject.into())),
        None if repoze && token_lives.is_none() => drop(attributes.insert("username".into(), format!("{CONSUMER}{}", client.id).into())),
        _ => {}
    }
    SignedBy {
        client: client.id.clone(),
        subject: subject.map(str::to_owned),
        scope,
        issuer: context.settings.issuer.as_str().to_owned(),
        token_lives,
        attributes,
    }
}

/// Verifies a request that came to an API in the same process, and records its nonce. Nobody introspects for it: whoever runs in this
/// process can read every secret anyway. Plugins see the request itself, without headers and without an address.
///
/// # Errors
/// The problem by its name, where it may be told; that a store or a plugin does not answer.
pub async fn prove(request: &SignedRequest<'_>, context: &Context) -> Result<SignedBy, Unproven> {
    let outcome = match verify(request, With::Token, Arrived::Beside(request), context).await {
        Ok(Some(proven)) => Ok(signed_by(&proven, context)),
        Ok(None) => Err(Unproven::Problem(None)),
        Err(Refused::Failed(error)) => Err(Unproven::Unavailable(error.to_string())),
        Err(Refused::Problem { problem, .. }) => {
            tracing::info!(event = "refused", code = problem.kh, "a request to an API of this process: {problem}");
            Err(Unproven::Problem(Some(problem.problem)))
        }
    };
    let mut event = Event::new(Decision::Introspection, "ok");
    match &outcome {
        Ok(signed_by) => event.client_id = Some(signed_by.client.clone()),
        Err(Unproven::Problem(_)) => event.outcome = "inactive",
        Err(Unproven::Unavailable(_)) => event.outcome = "error",
    }
    context.audit.record(event);
    outcome
}
