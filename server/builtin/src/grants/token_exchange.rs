//! `urn:ietf:params:oauth:grant-type:token-exchange`: a token of OAuth 1.0a becomes tokens of OAuth 2.0 under the same consent, so that
//! an old client can move without asking its users again (RFC 8693).
//!
//! The name of an OAuth 1.0a token is no secret, so naming it is not enough: the request is signed with it (RFC 5849 §3), and that is
//! the client's authentication too.

use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::kh;
use keyhook_core::scope::{Granted, Scope};

use crate::oauth1::credentials::find_token;
use crate::{family, mint};

/// The `grant_type` (RFC 8693 §2.1).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What is exchanged. RFC 8693 §3 leaves types to whoever needs them.
pub const OAUTH1_TOKEN: &str = "urn:keyhook:params:oauth:token-type:oauth1";
/// What comes of it (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The grant. Offered where OAuth 1.0a is.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenExchange;

component!(Grant: TokenExchange);

impl Grant for TokenExchange {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn is_offered(&self, settings: &Settings) -> bool {
        settings.oauth1.is_some()
    }

    fn issued_token_type(&self) -> Option<&'static str> {
        Some(ACCESS_TOKEN)
    }

    fn redeem<'a>(
        &'a self,
        form: &'a Form,
        client: &'a AuthenticatedClient,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Pending, OAuthError>> {
        Box::pin(redeem(form, client, context))
    }

    fn lost<'a>(&'a self, _: &'a Pending, _: &'a Context) -> BoxFuture<'a, Lost> {
        // Nothing is taken: the old token lives on until it ends, so that a client may move at its own pace.
        Box::pin(std::future::ready(Lost::Refused(OAuthError::server_error("a token exchange has no guard to lose"))))
    }
}

async fn redeem(form: &Form, client: &AuthenticatedClient, context: &Context) -> Result<Pending, OAuthError> {
    let token = form.required("subject_token")?;
    if form.required("subject_token_type")? != OAUTH1_TOKEN {
        return Err(
            OAuthError::invalid_request("subject_token_type must be urn:keyhook:params:oauth:token-type:oauth1").with_kh(kh::EXCHANGE)
        );
    }
    let wanted = form.once("requested_token_type")?;
    if wanted.is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(OAuthError::invalid_request("requested_token_type can be an access token only").with_kh(kh::EXCHANGE));
    }
    for unknown in ["actor_token", "resource", "audience"] {
        if form.once(unknown)?.is_some() {
            let error = OAuthError::invalid_request("actor_token, resource and audience are not supported in an exchange");
            return Err(error.with_kh(kh::EXCHANGE));
        }
    }
    let refuse = |cause: &str| OAuthError::invalid_grant().with_kh(kh::EXCHANGE).with_cause(cause);
    if client.signed_with() != Some(token) {
        return Err(refuse("the request is not signed with the token that it names"));
    }
    let found = find_token(token, Some(client), context).await?.filter(|found| found.wrong.is_none());
    let found = found.ok_or_else(|| refuse("the token was revoked during the request"))?;
    let now = context.now();
    let grant = family::live(found.record.grant, client, now, context).await?;
    let granted = Granted::restore(found.record.body.scope.clone());
    let requested = form.once("scope")?.map(Scope::parse).transpose()?;
    let scope = match &requested {
        Some(wanted) => granted.subset(wanted)?,
        None => granted.clone(),
    };
    let refresh =
        if mint::gives_refresh(client, GRANT_TYPE, context) { Refresh::Issue { scope: granted, rotates: false } } else { Refresh::No };
    Ok(Pending {
        subject: grant.subject.clone(),
        scope,
        grant: grant.grant,
        opens: None,
        guard: None,
        refresh,
        // Nothing outlives what it came from, or a token that ends could be renewed for as long as anybody likes.
        ends_at: grant.expires_at.min(found.record.expires_at),
        data: grant.body.data.clone(),
    })
}
