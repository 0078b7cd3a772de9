//! Clients that authenticate by an assertion of a type that a plugin knows: the hook `client_assertion` (RFC 7521 §4.2).

use keyhook_component::context::Context;
use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_component::request::Request;
use keyhook_core::client_auth::{Assertion, AuthenticatedClient, authenticate_asserted};
use keyhook_core::error::OAuthError;
use keyhook_core::error_code::ErrorCode;
use keyhook_core::form::Form;
use keyhook_core::kh;

use crate::client_auth::registered;
use crate::token_hooks::{is_secret, without};
use crate::token_kh;

/// Asks the plugin whom the assertion proves, and looks whether that client authenticates so.
///
/// # Errors
/// `invalid_client`, the same for every cause; `server_error` and `temporarily_unavailable` when the plugin breaks or rests.
pub(crate) async fn authenticate(
    request: &Request,
    form: &Form,
    assertion: &Assertion<'_>,
    context: &Context,
) -> Result<AuthenticatedClient, OAuthError> {
    let (request, form) = without(request, form, |name| name != "client_assertion" && is_secret(name));
    let call = HookCall { request: Some(request), form: Some(form), ..HookCall::default() };
    let Some(answer) = context.hooks.provide(HookPoint::ClientAssertion, assertion.kind, call) else {
        return Err(OAuthError::invalid_client().with_kh(kh::AUTH_METHOD).with_cause("no plugin takes this client_assertion_type"));
    };
    let finished = answer.await;
    match finished.verdict {
        Verdict::Client(id) => authenticate_asserted(registered(context, &id).await?, &id, assertion),
        Verdict::Deny(error) => Err(disbelieved(error)),
        _ => Err(OAuthError::server_error("client_assertion can only name a client or deny").with_kh(token_kh::WRONG_VERDICT)),
    }
}

/// A client hears of a wrong assertion what it hears of a wrong secret, whatever the plugin said; the log has the rest.
fn disbelieved(error: OAuthError) -> OAuthError {
    match error.code {
        ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => error,
        _ => OAuthError::invalid_client().with_kh(error.kh).with_cause(error.to_string()),
    }
}
