//! When a token is live: its row is live, its grant is live, and the grant was born later than `not_before` of its client and its subject.

use std::sync::Arc;

use keyhook_core::client::Client;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use keyhook_core::token::IssuedToken;

use super::{AccessToken, Grant, NotBefore, Records, Stored};
use crate::record::Key;
use crate::store::{Lookup, StoreError};

/// An access token that may be believed at this moment.
#[derive(Clone, Debug)]
pub struct LiveToken {
    /// The token's record.
    pub token: Arc<Stored<AccessToken>>,
    /// Its grant; `None` for client credentials.
    pub grant: Option<Arc<Stored<Grant>>>,
    /// Its client.
    pub client: Arc<Client>,
    /// When it was issued.
    pub issued_at: Timestamp,
}

impl Records {
    /// The access token, if it is live. Every reason for a no looks the same.
    ///
    /// # Errors
    /// When a store cannot answer: then nothing is known, and nothing may be believed.
    pub async fn live_access_token(&self, token: &IssuedToken, now: Timestamp) -> Result<Option<LiveToken>, StoreError> {
        let Lookup::Live(record) = self.get::<AccessToken>(&Key::Issued(token.id)).await? else { return Ok(None) };
        if record.expires_at.has_passed(now) || !token.fits(record.grant, &record.body.hash) {
            return Ok(None);
        }
        let Some(client_id) = record.client.as_deref() else { return Ok(None) };
        let Some(client) = self.client(client_id).await? else { return Ok(None) };
        let born = if token.grant.is_none() { token.id.born() } else { token.grant.born() };
        if client.disabled || born <= client.not_before {
            return Ok(None);
        }
        let grant = if token.grant.is_none() {
            None
        } else {
            let Some(grant) = self.live_grant(token.grant, client_id, now).await? else { return Ok(None) };
            Some(grant)
        };
        Ok(Some(LiveToken { issued_at: token.id.born(), token: record, grant, client }))
    }

    /// The grant, if it is live and the client's. The client's own `not_before` is the caller's to compare.
    ///
    /// # Errors
    /// When a store cannot answer.
    pub async fn live_grant(&self, id: RecordId, client_id: &str, now: Timestamp) -> Result<Option<Arc<Stored<Grant>>>, StoreError> {
        let Lookup::Live(grant) = self.get::<Grant>(&Key::Issued(id)).await? else { return Ok(None) };
        if grant.expires_at.has_passed(now) || grant.client.as_deref() != Some(client_id) {
            return Ok(None);
        }
        if let Some(subject) = grant.subject.as_deref()
            && self.subject_not_before(subject).await?.is_some_and(|instant| id.born() <= instant)
        {
            return Ok(None);
        }
        Ok(Some(grant))
    }

    /// Before which everything of a subject is dead.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn subject_not_before(&self, subject: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<NotBefore>(&Key::named(subject)).await?.live().map(|stored| stored.body.instant))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#[path = "liveness_tests.rs"]
mod tests;
