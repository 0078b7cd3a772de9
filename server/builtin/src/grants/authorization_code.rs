//! `authorization_code`: the code, once, by its client, with its redirect URI and its verifier (RFC 6749 §4.1.3, RFC 7636 §4.6).

use std::sync::Arc;

use keyhook_component::batch::Batch;
use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::record::Key;
use keyhook_component::records::{Code, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::{BoxFuture, component};
use keyhook_core::client::Client;
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::code::{CodeFacts, IssuedCode};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::id::RecordId;
use keyhook_core::kh;
use keyhook_core::scope::Granted;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::{family, mint};

/// The grant.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthorizationCode;

component!(Grant: AuthorizationCode);

impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &'static str {
        "authorization_code"
    }

    fn redeem<'a>(
        &'a self,
        form: &'a Form,
        client: &'a AuthenticatedClient,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Pending, OAuthError>> {
        Box::pin(redeem(form, client, context))
    }

    fn lost<'a>(&'a self, pending: &'a Pending, context: &'a Context) -> BoxFuture<'a, Lost> {
        // Two requests with one code: one of the two senders stole it, and nobody can tell which.
        Box::pin(async move { Lost::Refused(replay(pending.grant, context).await) })
    }
}

async fn redeem(form: &Form, client: &AuthenticatedClient, context: &Context) -> Result<Pending, OAuthError> {
    let redirect_uri = form.once("redirect_uri")?;
    let verifier = form.once("code_verifier")?;
    let token = IssuedToken::parse(TokenKind::Code, form.required("code")?).ok_or_else(unknown)?;
    let code = match context.records.get::<Code>(&Key::Issued(token.id)).await? {
        Lookup::Live(code) => code,
        Lookup::Spent(code) => {
            belongs(&code, &token, client)?;
            return Err(replay(code.grant, context).await);
        }
        Lookup::Absent => return Err(unknown()),
    };
    belongs(&code, &token, client)?;
    let now = context.now();
    if let Err(error) = IssuedCode::new(facts(&code)).redeem(client, redirect_uri, verifier, now) {
        if error.kh == kh::CODE_REDIRECT {
            // The code went somewhere else than the client believes (RFC 6749 §10.6): nobody gets another try with it.
            let _ = context.records.apply(Batch::new().with(code.take())).await?;
        }
        return Err(error);
    }
    let grant = family::live(code.grant, client, now, context).await?;
    let scope = Granted::restore(code.body.scope.clone());
    let refreshes = mint::gives_refresh(client, "authorization_code", context);
    Ok(Pending {
        subject: grant.subject.clone(),
        refresh: if refreshes { Refresh::Issue { scope: scope.clone(), rotates: false } } else { Refresh::No },
        scope,
        grant: code.grant,
        opens: None,
        guard: Some(code.take()),
        data: grant.body.data.clone(),
        ends_at: grant.expires_at,
    })
}

/// Whether the sender holds the code and is its client. Before both are proven nothing is said and nothing is revoked: an
/// attacker could end other people's grants with a guess.
fn belongs(code: &Arc<Stored<Code>>, token: &IssuedToken, client: &Client) -> Result<(), OAuthError> {
    if !token.fits(code.grant, &code.body.hash) {
        return Err(unknown());
    }
    if code.client.as_deref() != Some(client.id.as_str()) {
        return Err(OAuthError::invalid_grant().with_kh(kh::CODE_CLIENT).with_cause("the code was issued to another client"));
    }
    Ok(())
}

fn facts(code: &Stored<Code>) -> CodeFacts<'_> {
    CodeFacts {
        client_id: code.client.as_deref().unwrap_or_default(),
        redirect_uri: code.body.redirect_uri.as_deref(),
        challenge: code.body.challenge,
        expires_at: code.expires_at,
    }
}

/// A code came twice: everything that was issued for it ends (RFC 6749 §4.1.2, §10.5).
async fn replay(grant: RecordId, context: &Context) -> OAuthError {
    match family::revoke(grant, context).await {
        Ok(()) => {
            OAuthError::invalid_grant().with_kh(kh::CODE_REPLAY).with_cause("the code was redeemed before; its grant has been revoked")
        }
        // Whoever asks again revokes again.
        Err(error) => error,
    }
}

fn unknown() -> OAuthError {
    OAuthError::invalid_grant().with_kh(kh::CODE_UNKNOWN).with_cause("no such code, or a wrong secret")
}
