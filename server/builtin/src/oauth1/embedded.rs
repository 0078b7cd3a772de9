//! For programs with sign-in and pages of their own: what waits for a user, and the user's answer (RFC 5849 §2.2). It is what
//! repoze.what's `token_authorization` and its `make_callback` gave.

use std::fmt;
use std::sync::Arc;

use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_core::authorize::{AuthorizationRequest, Refusal};
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::scope::Scope;
use keyhook_core::secret::Secret;

use super::authorize::waiting;
use super::authorized::{permit, refused};
use crate::authorization_hooks::is_subject;
use crate::client_auth::registered;
use crate::{kh, mint, session};

/// Temporary credentials that a user may decide about: what a page of the program's own needs to ask.
///
/// The program answers for who its user is, and that the user saw the page: no plugin and no page of the server is asked.
#[derive(Clone)]
pub struct Waiting {
    name: String,
    client: Arc<Client>,
    asked: AuthorizationRequest,
    context: Arc<Context>,
}

/// What becomes of a user's yes.
#[derive(Clone, Debug)]
pub enum Decided {
    /// Send the browser there, with status 303.
    Redirect(String),
    /// Show this to the user, who types it into the client (`oob`).
    ShowVerifier(Secret<String>),
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting(for {})", self.client.id)
    }
}

impl Waiting {
    /// The credentials of this `oauth_token`; `None` if it is unknown, has expired, or somebody decided about it.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn find(oauth_token: &str, context: &Arc<Context>) -> Result<Option<Waiting>, OAuthError> {
        if context.settings.oauth1.is_none() {
            return Ok(None);
        }
        let Some(found) = waiting(oauth_token, context).await? else { return Ok(None) };
        let Some(client) = registered(context, found.client.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        match AuthorizationRequest::of_temporary_credentials(oauth_token, &found.body.callback, Some(&client)) {
            Ok(asked) => Ok(Some(Waiting { name: oauth_token.to_owned(), client, asked, context: Arc::clone(context) })),
            Err(Refusal::Page(_) | Refusal::Redirect { .. }) => Ok(None),
        }
    }

    /// The client that asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it asks for.
    pub fn scope(&self) -> &Scope {
        self.asked.scope.scope()
    }

    /// Where the user will be sent, in words for a page; `None` where the verifier is shown.
    pub fn destination(&self) -> Option<String> {
        Some(self.asked.redirect_uri.host_for_people()).filter(|host| !host.is_empty())
    }

    /// The user allows it. Of two answers one counts.
    ///
    /// # Errors
    /// When the user is no name or disabled, somebody decided meanwhile, or a store does not answer: then nothing is permitted.
    pub async fn authorize(self, user: &str) -> Result<Decided, OAuthError> {
        let context = &*self.context;
        if !is_subject(user) || session::is_disabled(user, context).await? {
            return Err(OAuthError::access_denied().with_cause("the user is disabled, or no name of a user").with_kh(kh::SIGN_IN_FAILED));
        }
        let grant = mint::NewGrant { subject: Some(user), scope: &self.asked.scope, auth_time: context.now(), acr: None, amr: Vec::new() };
        let verifier = permit(&self.name, &self.client, grant, PluginData::new(), context).await?;
        context.audit.record(Event::new(Decision::Authorization, "ok").client(self.client.id.as_str()).subject(Some(user)));
        let to = &self.asked.redirect_uri;
        if to.is_out_of_band() {
            return Ok(Decided::ShowVerifier(verifier));
        }
        Ok(Decided::Redirect(to.with_params(&[("oauth_token", &self.name), ("oauth_verifier", verifier.expose())])))
    }

    /// The user does not, and nobody is asked again: where to send the browser; `None` where the client cannot be told.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn refuse(self) -> Result<Option<String>, OAuthError> {
        let (to, error) = (&self.asked.redirect_uri, OAuthError::access_denied());
        refused(&self.asked, error.code, &self.context).await?;
        let issuer = self.context.settings.issuer.as_str();
        Ok((!to.is_out_of_band()).then(|| self.asked.error_redirect(issuer, &error)))
    }
}
