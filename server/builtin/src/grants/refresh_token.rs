//! `refresh_token`: rotated at every use, repeated within the grace, and the family ends when an old one comes back
//! (RFC 6749 §6, RFC 9700 §4.14).

use keyhook_component::batch::Operation;
use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::record::Key;
use keyhook_component::records::{RefreshToken as Body, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::{BoxFuture, component};
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::id::RecordId;
use keyhook_core::kh;
use keyhook_core::refresh::{self, RefreshVerdict};
use keyhook_core::scope::{Granted, Scope};
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::family;
use crate::mint::{open_successor, refresh_grace};
use crate::refresh_lookup::{self, Held};

/// The grant.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefreshToken;

component!(Grant: RefreshToken);

impl Grant for RefreshToken {
    fn grant_type(&self) -> &'static str {
        "refresh_token"
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
        // The winner spent the token a moment ago: `redeem` finds it so, and decides by the grace.
        Box::pin(std::future::ready(Lost::Again))
    }
}

async fn redeem(form: &Form, client: &AuthenticatedClient, context: &Context) -> Result<Pending, OAuthError> {
    let requested = form.once("scope")?.map(Scope::parse).transpose()?;
    // A guess proves nothing and changes nothing.
    let Held { record, live } = refresh_lookup::find(form.required("refresh_token")?, context).await?.ok_or_else(unknown)?;
    if record.client.as_deref() != Some(client.id.as_str()) {
        // Another client holds the whole token: it leaked, and nobody can tell who else has it (RFC 9700 §4.14).
        family::revoke(record.grant, context).await?;
        let error = OAuthError::invalid_grant().with_kh(kh::REFRESH_CLIENT);
        return Err(error.with_cause("the refresh token was issued to another client"));
    }
    let now = context.now();
    let granted = Granted::restore(record.body.scope.clone());
    let (guard, refresh) = match refresh::decide(live, record.body.spent_at, refresh_grace(client, context), now) {
        RefreshVerdict::Rotate if !client.rotates() => {
            // It stays what it is; RFC 6749 §6 leaves it to the server to issue another.
            unexpired(&record, now)?;
            (None, Refresh::No)
        }
        RefreshVerdict::Rotate => {
            unexpired(&record, now)?;
            (Some(spend(&record, now)?), Refresh::Issue { scope: granted.clone(), rotates: true })
        }
        RefreshVerdict::Successor => match successor(&record, now, context).await? {
            Some(token) => (None, Refresh::Same(token)),
            None => return Err(replay(record.grant, context).await),
        },
        RefreshVerdict::Replay => return Err(replay(record.grant, context).await),
    };
    let grant = family::live(record.grant, client, now, context).await?;
    Ok(Pending {
        subject: grant.subject.clone(),
        scope: refresh::narrow(&granted, requested.as_ref())?,
        grant: record.grant,
        opens: None,
        guard,
        refresh,
        data: grant.body.data.clone(),
        ends_at: grant.expires_at,
    })
}

fn unexpired(record: &Stored<Body>, now: Timestamp) -> Result<(), OAuthError> {
    if record.expires_at.has_passed(now) {
        return Err(OAuthError::invalid_grant().with_kh(kh::REFRESH_EXPIRED).with_cause("the refresh token has expired"));
    }
    Ok(())
}

/// The guard: the token is spent at this moment. Its successor is sealed into it when it is minted.
fn spend(record: &Stored<Body>, now: Timestamp) -> Result<Operation, OAuthError> {
    let spent = Body { spent_at: Some(now), ..record.body.clone() };
    Ok(record.take_leaving(&spent)?)
}

/// What the first answer gave. `None` when nothing was kept, or when it has been used already: then the sender is not one whose
/// answer got lost, and the family must not get a second head.
async fn successor(record: &Stored<Body>, now: Timestamp, context: &Context) -> Result<Option<Secret<String>>, OAuthError> {
    let Some(sealed) = record.body.successor.as_deref() else { return Ok(None) };
    let text = open_successor(&record.key, sealed, context)?;
    let Some(token) = IssuedToken::parse(TokenKind::Refresh, text.expose()) else {
        return Err(OAuthError::server_error("a sealed successor is not a refresh token"));
    };
    match context.records.get::<Body>(&Key::Issued(token.id)).await? {
        Lookup::Live(head) => unexpired(&head, now).map(|()| Some(text)),
        Lookup::Spent(_) | Lookup::Absent => Ok(None),
    }
}

/// An old refresh token came back: somebody has a copy, and the family ends (RFC 9700 §4.14.2).
async fn replay(grant: RecordId, context: &Context) -> OAuthError {
    match family::revoke(grant, context).await {
        Ok(()) => {
            let error = OAuthError::invalid_grant().with_kh(kh::REFRESH_REPLAY);
            error.with_cause("the refresh token was used before; its family has been revoked")
        }
        // Whoever asks again revokes again.
        Err(error) => error,
    }
}

fn unknown() -> OAuthError {
    OAuthError::invalid_grant().with_kh(kh::REFRESH_UNKNOWN).with_cause("no such refresh token, or a wrong secret")
}
