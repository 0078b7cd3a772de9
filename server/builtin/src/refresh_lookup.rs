//! A refresh token by its text: ours by the selector that it carries, one of another system by the hash of the whole (RFC 6749 §1.5).

use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{ForeignRefresh, RefreshToken, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::error::OAuthError;
use keyhook_core::token::{IssuedToken, TokenKind};

/// The record of a refresh token whose bearer holds the whole of it.
pub(crate) struct Held {
    pub(crate) record: Arc<Stored<RefreshToken>>,
    /// Whether it may still be used.
    pub(crate) live: bool,
}

/// The record of a refresh token; `None` when there is none, or its secret is wrong.
///
/// # Errors
/// When a store cannot answer.
pub(crate) async fn find(text: &str, context: &Context) -> Result<Option<Held>, OAuthError> {
    let issued = IssuedToken::parse(TokenKind::Refresh, text);
    let id = match &issued {
        Some(token) => Some(token.id),
        None => foreign(text, context).await?,
    };
    let Some(id) = id else { return Ok(None) };
    let (record, live) = match context.records.get::<RefreshToken>(&Key::Issued(id)).await? {
        Lookup::Live(record) => (record, true),
        Lookup::Spent(record) => (record, false),
        Lookup::Absent => return Ok(None),
    };
    let fits = match &issued {
        Some(token) => token.fits(record.grant, &record.body.hash),
        None => record.body.hash.matches(text.as_bytes()),
    };
    Ok(fits.then_some(Held { record, live }))
}

/// The id behind a text that another system made.
async fn foreign(text: &str, context: &Context) -> Result<Option<keyhook_core::id::RecordId>, OAuthError> {
    if !ForeignRefresh::may_be(text) {
        return Ok(None);
    }
    Ok(context.records.read::<ForeignRefresh>(&ForeignRefresh::key(text)).await?.live().map(|named| named.body.token))
}
