//! The authorization request of OAuth 1.0: a user is asked about temporary credentials (RFC 5849 §2.2).

use super::{AuthorizationRequest, Refusal, ResponseType, StoredRequest, live};
use crate::claim::ValidatedRedirectUri;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::kh;
use crate::oauth1::Callback;
use crate::prompt::Prompt;
use crate::scope::Granted;

impl AuthorizationRequest {
    /// The request that temporary credentials stand for. `callback` is what they were made with, see [`Callback::as_str`].
    ///
    /// OAuth 1.0 knows no scope: the user is asked for the client's default one.
    ///
    /// # Errors
    /// A page if the client is gone, disabled, no OAuth 1.0 client any more, or no longer has the callback.
    pub fn of_temporary_credentials(token: &str, callback: &str, client: Option<&Client>) -> Result<Self, Refusal> {
        let client = consumer(client)?;
        let scope = Granted::narrow(None, &client.scope, &client.default_scope).map_err(Refusal::Page)?;
        Ok(Self {
            response_type: ResponseType::Verifier,
            client_id: client.id.clone(),
            redirect_uri: target(callback, client)?,
            redirect_uri_was_sent: true,
            scope,
            state: Some(token.to_owned()),
            code_challenge: None,
            prompt: Prompt::default(),
            max_age: None,
            login_hint: None,
        })
    }
}

/// A stored request proven again, see [`AuthorizationRequest::revalidate`].
pub(super) fn revalidate(stored: &StoredRequest, client: &Client) -> Result<AuthorizationRequest, Refusal> {
    let client = consumer(Some(client))?;
    let scope = Granted::narrow(Some(&stored.scope), &client.scope, &client.default_scope).map_err(Refusal::Page)?;
    Ok(AuthorizationRequest {
        response_type: ResponseType::Verifier,
        client_id: stored.client_id.clone(),
        redirect_uri: target(&stored.redirect_uri, client)?,
        redirect_uri_was_sent: true,
        scope,
        state: stored.state.clone(),
        code_challenge: None,
        prompt: stored.prompt.clone(),
        max_age: None,
        login_hint: None,
    })
}

fn consumer(client: Option<&Client>) -> Result<&Client, Refusal> {
    let client = live(client)?;
    if client.oauth1.is_some() {
        return Ok(client);
    }
    Err(Refusal::Page(OAuthError::invalid_request("the client is not known here").with_kh(kh::UNKNOWN_CLIENT)))
}

fn target(callback: &str, client: &Client) -> Result<ValidatedRedirectUri, Refusal> {
    match Callback::claim(client, Some(callback)) {
        Ok(Callback::OutOfBand) => Ok(ValidatedRedirectUri::out_of_band()),
        Ok(Callback::Redirect(uri)) => Ok(uri.into_callback()),
        Err(error) => {
            let refused = OAuthError::invalid_request("the callback is not registered for this client any more");
            Err(Refusal::Page(refused.with_kh(error.kh).with_cause(error.to_string())))
        }
    }
}

/// Where the user goes with a no: `oauth_token` and `oauth_problem`. RFC 5849 has no word for it; OAuth Problem Reporting has.
pub(super) fn problem<'a>(token: Option<&'a str>, error: &OAuthError) -> Vec<(&'static str, &'a str)> {
    let problem = match error.code {
        ErrorCode::AccessDenied => "user_refused",
        _ => "permission_unknown",
    };
    let mut params: Vec<_> = token.map(|token| ("oauth_token", token)).into_iter().collect();
    params.push(("oauth_problem", problem));
    params
}
