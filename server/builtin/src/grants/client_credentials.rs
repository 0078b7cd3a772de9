//! `client_credentials`: a confidential client acts for itself (RFC 6749 §4.4).

use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::hooks::PluginData;
use keyhook_component::{BoxFuture, component};
use keyhook_core::client::ClientKind;
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;

/// The grant. It has no grant record and no subject, and no refresh token comes of it (RFC 6749 §4.4.3). What plugins attach to
/// it ends with the response: data travels with grants, and here is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCredentials;

component!(Grant: ClientCredentials);

impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        "client_credentials"
    }

    fn redeem<'a>(&'a self, form: &'a Form, client: &'a AuthenticatedClient, _: &'a Context) -> BoxFuture<'a, Result<Pending, OAuthError>> {
        Box::pin(std::future::ready(redeem(form, client)))
    }

    fn lost<'a>(&'a self, _: &'a Pending, _: &'a Context) -> BoxFuture<'a, Lost> {
        // Nothing is taken, so nobody can be faster.
        Box::pin(std::future::ready(Lost::Refused(OAuthError::server_error("client_credentials has no guard to lose"))))
    }
}

fn redeem(form: &Form, client: &AuthenticatedClient) -> Result<Pending, OAuthError> {
    if client.kind != ClientKind::Confidential {
        return Err(OAuthError::unauthorized_client("client_credentials is for confidential clients"));
    }
    let requested = form.once("scope")?.map(Scope::parse).transpose()?;
    Ok(Pending {
        subject: None,
        scope: client.narrow(requested.as_ref())?,
        grant: RecordId::NONE,
        opens: None,
        guard: None,
        refresh: Refresh::No,
        data: PluginData::new(),
        ends_at: Timestamp::MAX,
    })
}
