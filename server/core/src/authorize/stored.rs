//! An authorization request at rest, between the first page and the consent, and its way back to evidence.

use serde::{Deserialize, Serialize};

use super::parameters::{check_permission, pkce_missing};
use super::{AuthorizationRequest, Refusal, ResponseType, live, temporary};
use crate::client::Client;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::scope::{Granted, Scope};

/// An authorization request at rest. Nothing in it is evidence: [`AuthorizationRequest::revalidate`] proves it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRequest {
    /// See [`AuthorizationRequest::response_type`].
    pub response_type: ResponseType,
    /// See [`AuthorizationRequest::client_id`].
    pub client_id: String,
    /// See [`AuthorizationRequest::redirect_uri`].
    pub redirect_uri: String,
    /// See [`AuthorizationRequest::redirect_uri_was_sent`].
    pub redirect_uri_was_sent: bool,
    /// See [`AuthorizationRequest::scope`].
    pub scope: Scope,
    /// See [`AuthorizationRequest::state`].
    pub state: Option<String>,
    /// See [`AuthorizationRequest::code_challenge`].
    pub code_challenge: Option<CodeChallenge>,
    /// See [`AuthorizationRequest::prompt`].
    pub prompt: Prompt,
    /// See [`AuthorizationRequest::max_age`].
    pub max_age: Option<u32>,
    /// See [`AuthorizationRequest::login_hint`].
    pub login_hint: Option<String>,
}

impl AuthorizationRequest {
    /// What the interaction's record keeps.
    pub fn to_stored(&self) -> StoredRequest {
        StoredRequest {
            response_type: self.response_type,
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.as_str().to_owned(),
            redirect_uri_was_sent: self.redirect_uri_was_sent,
            scope: self.scope.scope().clone(),
            state: self.state.clone(),
            code_challenge: self.code_challenge,
            prompt: self.prompt.clone(),
            max_age: self.max_age,
            login_hint: self.login_hint.clone(),
        }
    }

    /// A stored request proven again, against the client as it is now.
    ///
    /// # Errors
    /// A page if the client is gone, disabled, or no longer has the redirect URI; a redirect if it may no longer have
    /// the response type or the scope.
    pub fn revalidate(stored: &StoredRequest, client: &Client) -> Result<Self, Refusal> {
        let client = live(Some(client).filter(|client| client.id == stored.client_id))?;
        if stored.response_type == ResponseType::Verifier {
            return temporary::revalidate(stored, client);
        }
        let to = client.claim(Some(&stored.redirect_uri)).map_err(|error| Refusal::Page(error.into()))?;
        let is_code = stored.response_type == ResponseType::Code;
        let to = if is_code { to } else { to.in_fragment() };
        let back = |error| Refusal::Redirect { to: to.clone(), state: stored.state.clone(), error };
        check_permission(client, stored.response_type).map_err(back)?;
        if is_code && stored.code_challenge.is_none() && client.needs_pkce() {
            return Err(back(pkce_missing()));
        }
        let scope = Granted::narrow(Some(&stored.scope), &client.scope, &Scope::empty()).map_err(back)?;
        Ok(Self {
            response_type: stored.response_type,
            client_id: stored.client_id.clone(),
            redirect_uri: to,
            redirect_uri_was_sent: stored.redirect_uri_was_sent,
            scope,
            state: stored.state.clone(),
            code_challenge: stored.code_challenge,
            prompt: stored.prompt.clone(),
            max_age: stored.max_age,
            login_hint: stored.login_hint.clone(),
        })
    }
}
