//! Who sends this request: the client's credentials, its registration, and core's verdict over both (RFC 6749 §2.3).

use std::sync::Arc;

use http::header;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_core::client::Client;
use keyhook_core::client_auth::{self, AuthenticatedClient};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::kh;

use crate::{oauth1, plugin_assertion, token_kh};

/// No registered client has a longer id.
const LONGEST_ID: usize = 255;

/// Authenticates the client of a form request at a back-channel endpoint.
///
/// # Errors
/// `invalid_client`, the same for every cause; `invalid_request` for two ways at once; `temporarily_unavailable` when the
/// directory does not answer.
pub(crate) async fn authenticate(request: &Request, form: &Form, context: &Context) -> Result<AuthenticatedClient, OAuthError> {
    let mut headers = request.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = headers.next();
    if headers.next().is_some() {
        return Err(OAuthError::invalid_request("the client authenticated in more than one way").with_kh(kh::TWO_CREDENTIALS));
    }
    if context.settings.oauth1.is_some() && authorization.is_some_and(|value| client_auth::is_signature(value.as_bytes())) {
        return Box::pin(oauth1::authenticate(request, form, context)).await;
    }
    if let Some(assertion) = client_auth::present_assertion(authorization.map(http::HeaderValue::as_bytes), form)? {
        return Box::pin(plugin_assertion::authenticate(request, form, &assertion, context)).await;
    }
    let credentials = client_auth::present(authorization.map(http::HeaderValue::as_bytes), form)?;
    let found = registered(context, credentials.id()).await?;
    client_auth::authenticate(found, &credentials)
}

/// The client of this id. An id that is too long is not looked up: that there is no such client would be remembered, and fill the
/// memory with what strangers send.
///
/// # Errors
/// When the directory does not answer.
pub(crate) async fn registered(context: &Context, id: &str) -> Result<Option<Arc<Client>>, OAuthError> {
    if id.len() > LONGEST_ID {
        return Ok(None);
    }
    Ok(context.records.client(id).await?)
}

/// The parameters of a request to a back-channel endpoint.
///
/// # Errors
/// `invalid_request` for anything in the query (RFC 6749 §3.2: credentials and codes must not stand in a URL), for a body that is
/// no form, and for any parameter sent twice.
pub(crate) fn parameters(request: &Request) -> Result<Form, OAuthError> {
    if !request.query.is_empty() {
        return Err(OAuthError::invalid_request("parameters belong into the body, not into the URL").with_kh(token_kh::PARAMETERS_IN_QUERY));
    }
    let form = request.form()?;
    form.no_duplicates()?;
    Ok(form)
}
