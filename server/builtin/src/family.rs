//! Families of tokens: revoking one is a state of its grant's record (RFC 6749 §4.1.2, RFC 9700 §4.14), and plugins' data lives there.

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::record::Key;
use keyhook_component::records::{Grant, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::kh;
use keyhook_core::time::Timestamp;

/// The grant behind a code or refresh token, if it and everything above it still lives.
///
/// # Errors
/// `invalid_grant`, the same for every cause; `temporarily_unavailable` or `server_error` when a store does not answer.
pub(crate) async fn live(grant: RecordId, client: &Client, now: Timestamp, context: &Context) -> Result<Arc<Stored<Grant>>, OAuthError> {
    let ended = |cause: &str| OAuthError::invalid_grant().with_kh(kh::GRANT_ENDED).with_cause(cause);
    if grant.is_none() || grant.born() <= client.not_before {
        return Err(ended("the grant is older than the client's not_before"));
    }
    let found = context.records.live_grant(grant, &client.id, now).await?;
    found.ok_or_else(|| ended("the grant was revoked, has expired, or its user signed out everywhere"))
}

/// Ends a grant and with it every token that came from it, now or in a commit that is under way: one write.
///
/// # Errors
/// `temporarily_unavailable` or `server_error` when the store does not answer: then the family may still live, and the caller
/// must not be told otherwise (RFC 7009 §2.2.1).
pub(crate) async fn revoke(grant: RecordId, context: &Context) -> Result<(), OAuthError> {
    let Lookup::Live(found) = context.records.get::<Grant>(&Key::Issued(grant)).await? else {
        return Ok(());
    };
    let operation = Stored::clone(&found).revoke()?;
    match context.records.apply(Batch::new().with(operation)).await? {
        Applied::Applied => Ok(()),
        Applied::Refused { why, .. } => Err(OAuthError::server_error(format!("the store refused to revoke a grant: {why:?}"))),
    }
}

/// The write that keeps plugins' data with its grant, to go into the batch that issues the tokens. `None` when the record is no
/// longer the one that `before` was read from.
///
/// It replaces the version that was read: a revocation that comes between is never overwritten.
///
/// # Errors
/// `invalid_grant` when the grant has ended meanwhile; `temporarily_unavailable` or `server_error` when the store does not answer.
pub(crate) async fn keep_data(
    grant: RecordId,
    before: &PluginData,
    after: PluginData,
    context: &Context,
) -> Result<Option<Operation>, OAuthError> {
    let Lookup::Live(found) = context.records.get::<Grant>(&Key::Issued(grant)).await? else {
        return Err(OAuthError::invalid_grant().with_kh(kh::GRANT_ENDED).with_cause("the grant was revoked during the request"));
    };
    if found.body.data != *before {
        return Ok(None);
    }
    let mut changed = Stored::clone(&found);
    changed.body.data = after;
    Ok(Some(changed.replace()?))
}
