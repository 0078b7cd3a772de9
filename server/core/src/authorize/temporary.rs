//! The authorization request of OAuth 1.0: a user is asked about temporary credentials (RFC 5849 §2.2).

use super::{AuthorizationRequest, Refusal, ResponseType, StoredRequest, live};
use crate::claim::ValidatedRedirectUri;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::kh;
use crate::prompt::Prompt;
use crate::scope::Granted;

impl AuthorizationRequest {
    /// The request that temporary credentials stand for. `callback` is what they were made with; `None` is `oob`.
    ///
    /// OAuth 1.0 knows no scope: the user is asked for the client's default one.
    ///
    /// # Errors
    /// A page if the client is gone, disabled, no OAuth 1.0 client any more, or no longer has the callback.
    pub fn of_temporary_credentials(token: &str, callback: Option<&str>, client: Option<&Client>) -> Result<Self, Refusal> {
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
    let callback = Some(stored.redirect_uri.as_str()).filter(|uri| !uri.is_empty());
    let scope = Granted::narrow(Some(&stored.scope), &client.scope, &client.default_scope).map_err(Refusal::Page)?;
    Ok(AuthorizationRequest {
        response_type: ResponseType::Verifier,
        client_id: stored.client_id.clone(),
        redirect_uri: target(callback, client)?,
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

fn target(callback: Option<&str>, client: &Client) -> Result<ValidatedRedirectUri, Refusal> {
    match callback {
        None => Ok(ValidatedRedirectUri::out_of_band()),
        Some(callback) => Ok(client.claim(Some(callback)).map_err(|error| Refusal::Page(error.into()))?.as_callback()),
    }
}

/// Where the user goes with a no: `oauth_token` and `oauth_problem`. RFC 5849 has no word for it; OAuth Problem Reporting has.
pub(super) fn problem_redirect(to: &ValidatedRedirectUri, token: Option<&str>, error: &OAuthError) -> String {
    let problem = match error.code {
        ErrorCode::AccessDenied => "user_refused",
        _ => "permission_unknown",
    };
    let mut params: Vec<_> = token.map(|token| ("oauth_token", token)).into_iter().collect();
    params.push(("oauth_problem", problem));
    to.with_params(&params)
}
