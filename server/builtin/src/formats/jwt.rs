//! `jwt`: a token that resource servers verify by themselves (RFC 9068). No row is written; what ends it early is the state of its
//! grant, or a mark under its name.

use std::time::Duration;

use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{LiveToken, Once, Stored, Told};
use keyhook_component::settings::Settings;
use keyhook_component::store::Lookup;
use keyhook_component::token_format::{DraftedToken, FoundToken, NewToken, TokenFormat};
use keyhook_component::{BoxFuture, component};
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::jwt::{self, AccessClaims};
use keyhook_core::scope::Scope;
use keyhook_core::signing_ring::LONGEST_TOKEN;
use keyhook_core::time::Timestamp;

use crate::{mint, signing};

/// Signed with the current key of the ring, published with all its keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct JwtFormat;

component!(TokenFormat: JwtFormat);

impl TokenFormat for JwtFormat {
    fn name(&self) -> &'static str {
        "jwt"
    }

    fn lifetime(&self, settings: &Settings) -> Duration {
        settings.tokens.jwt_ttl
    }

    fn longest(&self) -> Duration {
        LONGEST_TOKEN
    }

    fn draft<'a>(&'a self, token: NewToken<'a>, context: &'a Context) -> BoxFuture<'a, Result<DraftedToken, OAuthError>> {
        Box::pin(draft(token, context))
    }

    fn recognizes(&self, text: &str) -> bool {
        jwt::looks_like(text)
    }

    fn live<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<LiveToken>, OAuthError>> {
        Box::pin(live(text, context))
    }

    fn find<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<FoundToken>, OAuthError>> {
        Box::pin(find(text, context))
    }
}

async fn draft(new: NewToken<'_>, context: &Context) -> Result<DraftedToken, OAuthError> {
    let (pending, issuer) = (new.pending, context.settings.issuer.as_str());
    let keys = signing::keys(context).await?;
    let grant = mint::grant_of(pending, context).await?;
    let audience = new.client.tokens.audience.as_deref().or(context.settings.tokens.audience.as_deref()).unwrap_or(issuer);
    let claims = AccessClaims {
        iss: issuer.to_owned(),
        // RFC 9068 §2.2: where the client acts for itself, `sub` is the client.
        sub: pending.subject.clone().unwrap_or_else(|| new.client.id.clone()),
        aud: audience.to_owned(),
        client_id: new.client.id.clone(),
        exp: new.expires_at.seconds(),
        iat: new.issued_at.seconds(),
        jti: AccessClaims::jti_of(mint::record_id(context), pending.grant),
        scope: pending.scope.scope().as_str().to_owned(),
        // Nobody knows it of a grant that was imported.
        auth_time: grant.as_ref().map(|grant| grant.body.auth_time.seconds()).filter(|moment| *moment > 0),
        acr: grant.as_ref().and_then(|grant| grant.body.acr.clone()),
        amr: grant.map(|grant| grant.body.amr.clone()).unwrap_or_default(),
        client_attributes: new.client.attributes.clone(),
        token_attributes: new.attributes.clone(),
    };
    let text = keys.writer.write(&claims).map_err(|error| OAuthError::server_error(format!("signing an access token: {error}")))?;
    Ok(DraftedToken { text, insert: None })
}

/// A token that this server signed and that has not ended: its claims, and the ids behind its name.
async fn signed(text: &str, context: &Context, now: Timestamp) -> Result<Option<(AccessClaims, RecordId, RecordId)>, OAuthError> {
    let keys = signing::keys(context).await?;
    let Ok(claims) = AccessClaims::verify(text, &keys.set, context.settings.issuer.as_str(), now) else { return Ok(None) };
    Ok(claims.ids().map(|(id, grant)| (claims, id, grant)))
}

async fn live(text: &str, context: &Context) -> Result<Option<LiveToken>, OAuthError> {
    let now = context.now();
    let Some((claims, id, grant)) = signed(text, context, now).await? else { return Ok(None) };
    let Some((client, grant)) = context.records.live_behind(&claims.client_id, grant, id.born(), now).await? else { return Ok(None) };
    if !matches!(context.records.get::<Once>(&revoked(&claims)).await?, Lookup::Absent) {
        return Ok(None);
    }
    // A grant may be the client's own: its id must never be taken for a user's (RFC 9700 §4.15).
    let subject = grant.as_ref().and_then(|grant| grant.subject.clone());
    // Written by `draft` from a scope, under a signature.
    let Ok(scope) = Scope::parse(&claims.scope) else { return Ok(None) };
    let told = Told::Words { scope, subject, audience: Some(claims.aud), jti: Some(claims.jti), attributes: claims.token_attributes };
    let (issued_at, expires_at) = (Timestamp::from_seconds(claims.iat), Timestamp::from_seconds(claims.exp));
    Ok(Some(LiveToken { told, grant, client, issued_at, expires_at }))
}

async fn find(text: &str, context: &Context) -> Result<Option<FoundToken>, OAuthError> {
    let Some((claims, ..)) = signed(text, context, context.now()).await? else { return Ok(None) };
    let mark = Stored::new(revoked(&claims), Timestamp::from_seconds(claims.exp), Once {}).of_client(claims.client_id.as_str());
    // Overwritten without harm when it is revoked twice.
    Ok(Some(FoundToken { end: Some(mark.put()?), owner: claims.client_id }))
}

/// What names the mark of a token that was revoked before its end.
fn revoked(claims: &AccessClaims) -> Key {
    Key::pair("revoked jwt", &claims.jti)
}
