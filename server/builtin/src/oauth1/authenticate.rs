//! A client that proves who it is by signing its request, at the endpoints of OAuth 2.0 too (RFC 5849 §3).

use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_core::client_auth::{AuthenticatedClient, authenticate_signed};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;

use super::arrived::Arrived;
use super::refused::Refused;
use super::signed::signed;
use super::verify::{Proven, With, verify};

/// The client that signed, with a user's token or without one.
///
/// # Errors
/// `invalid_client`, the same for every cause; `invalid_request` for what is malformed, and for a body that names another client.
pub(crate) async fn authenticate(request: &Request, form: &Form, context: &Context) -> Result<AuthenticatedClient, OAuthError> {
    let signed = signed(request, context).map_err(|problem| Refused::from(problem).as_client_error())?;
    let proven = verify(&signed, With::Any, Arrived::Here(request), context).await.map_err(|refused| refused.as_client_error())?;
    let Proven { client, request: verified, .. } = proven.ok_or_else(OAuthError::invalid_client)?;
    authenticate_signed(client, &verified, form)
}
