//! When a token is live: its row is live, its grant is live, and the grant was born later than `not_before` of its client and its subject.

use std::sync::Arc;

use keyhook_core::client::Client;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use keyhook_core::token::IssuedToken;
use serde_json::{Map, Value};

use super::{AccessToken, Grant, NotBefore, Records, Stored};
use crate::record::Key;
use crate::store::{Lookup, StoreError};

/// An access token that may be believed at this moment.
#[derive(Clone, Debug)]
pub struct LiveToken {
    /// What it says of itself.
    pub told: Told,
    /// Its grant; `None` where the client acts for itself.
    pub grant: Option<Arc<Stored<Grant>>>,
    /// Its client.
    pub client: Arc<Client>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What an access token says of itself: by its record, without a copy, or in so many words.
#[derive(Clone, Debug)]
pub enum Told {
    /// An opaque token's record.
    Record(Arc<Stored<AccessToken>>),
    /// A token of another form.
    Words {
        /// What it may do.
        scope: Scope,
        /// The user; `None` where the client acts for itself.
        subject: Option<String>,
        /// The resource it is for, where it says so.
        audience: Option<String>,
        /// Its own name, where it has one.
        jti: Option<String>,
        /// What resource servers are told besides.
        attributes: Map<String, Value>,
    },
}

impl LiveToken {
    /// What it may do.
    pub fn scope(&self) -> &Scope {
        match &self.told {
            Told::Record(record) => &record.body.scope,
            Told::Words { scope, .. } => scope,
        }
    }

    /// The user; `None` where the client acts for itself.
    pub fn subject(&self) -> Option<&str> {
        match &self.told {
            Told::Record(record) => record.subject.as_deref(),
            Told::Words { subject, .. } => subject.as_deref(),
        }
    }

    /// The resource it is for, where it says so.
    pub fn audience(&self) -> Option<&str> {
        if let Told::Words { audience, .. } = &self.told { audience.as_deref() } else { None }
    }

    /// What resource servers are told besides.
    pub fn attributes(&self) -> &Map<String, Value> {
        match &self.told {
            Told::Record(record) => &record.body.attributes,
            Told::Words { attributes, .. } => attributes,
        }
    }

    /// Its own name (RFC 7519 §4.1.7), where it has one.
    pub fn jti(&self) -> Option<&str> {
        if let Told::Words { jti, .. } = &self.told { jti.as_deref() } else { None }
    }
}

/// Who stands behind a live token.
pub(crate) type Behind = (Arc<Client>, Option<Arc<Stored<Grant>>>);

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
        let behind = self.live_behind(client_id, token.grant, token.id.born(), now).await?;
        let Some((client, grant)) = behind else { return Ok(None) };
        Ok(Some(LiveToken { issued_at: token.id.born(), expires_at: record.expires_at, told: Told::Record(record), grant, client }))
    }

    /// Client and grant of a token that was issued at `issued_at`, if both still stand behind it.
    ///
    /// # Errors
    /// When a store cannot answer.
    pub async fn live_behind(
        &self,
        client_id: &str,
        grant: RecordId,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Behind>, StoreError> {
        let Some(client) = self.client(client_id).await? else { return Ok(None) };
        let born = if grant.is_none() { issued_at } else { grant.born() };
        if client.disabled || born <= client.not_before {
            return Ok(None);
        }
        if grant.is_none() {
            return Ok(Some((client, None)));
        }
        Ok(self.live_grant(grant, client_id, now).await?.map(|grant| (client, Some(grant))))
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
