//! Writes a token that lives on: the grant that it never had, and its texts as hashes. What is there already stays as it is.

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ForeignRefresh, Grant, HashedToken, RefreshToken, Stored};
use keyhook_component::settings::TokenSettings;
use keyhook_component::store::{Lookup, StoreError};
use keyhook_core::id::RecordId;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;

use super::destination::Destination;
use super::report::Outcome;
use super::token::{Kept, data_of};

/// What writing needs.
pub(super) struct Writer {
    pub(super) to: Arc<Destination>,
    /// The plugin whose data those of the tokens become.
    pub(super) data_of: String,
    /// Which of them resource servers are told.
    pub(super) attributes: TokenSettings,
}

/// What became of a token, for each text that lives on.
pub(super) struct Written {
    pub(super) access: Option<Outcome>,
    pub(super) refresh: Option<Outcome>,
}

/// How often it is tried anew.
const ROUNDS: usize = 3;

impl Writer {
    /// Writes what is not there yet, in one batch.
    ///
    /// # Errors
    /// When a store does not answer; then nothing of this token was written, or it is found the next time.
    pub(super) async fn write(&self, kept: Kept) -> Result<Written, StoreError> {
        for _ in 0..ROUNDS {
            if let Some(written) = self.round(&kept).await? {
                return Ok(written);
            }
        }
        Err(StoreError::Unavailable(String::from("KH0481 somebody else writes the same tokens at this moment; run the import again")))
    }

    /// `None` when somebody else imports at the same time, or an id was taken.
    async fn round(&self, kept: &Kept) -> Result<Option<Written>, StoreError> {
        let (mut written, mut begun) = (Written { access: None, refresh: None }, None);
        if kept.access.is_some() {
            let found = grant_of(self.to.records.read::<HashedToken>(&HashedToken::key(kept.old.token.expose())).await?);
            written.access = Some(outcome(found));
            begun = begun.or(found);
        }
        if let (Some(text), Some(_)) = (&kept.old.refresh_token, kept.refresh) {
            let found = grant_of(self.to.records.read::<ForeignRefresh>(&ForeignRefresh::key(text.expose())).await?);
            written.refresh = Some(outcome(found));
            begun = begun.or(found);
        }
        if self.to.dry || ![written.access, written.refresh].contains(&Some(Outcome::Imported)) {
            return Ok(Some(written));
        }
        // What a run that was cut off began, goes on under the same grant.
        let batch = Family::of(kept, begun, self).batch(kept, &written, self)?;
        Ok((self.to.records.apply(batch).await? == Applied::Applied).then_some(written))
    }
}

/// The grant of a record that is there, live or not.
fn grant_of<T>(found: Lookup<Arc<Stored<T>>>) -> Option<RecordId> {
    match found {
        Lookup::Live(stored) | Lookup::Spent(stored) => Some(stored.grant),
        Lookup::Absent => None,
    }
}

fn outcome(found: Option<RecordId>) -> Outcome {
    if found.is_some() { Outcome::AlreadyThere } else { Outcome::Imported }
}

/// The grant that the texts of a token hang on.
struct Family {
    id: RecordId,
    /// Whether its record has to be written.
    is_new: bool,
    now: Timestamp,
    ends_at: Timestamp,
}

impl Family {
    fn of(kept: &Kept, begun: Option<RecordId>, writer: &Writer) -> Family {
        let now = writer.to.now();
        // A user can be signed out everywhere, a refresh token and data have to be found again: all this hangs on a grant.
        let needed = kept.subject.is_some() || kept.refresh.is_some() || !kept.old.data.is_empty();
        let drawn = if needed { RecordId::new(now, writer.to.draw()) } else { RecordId::NONE };
        Family { id: begun.unwrap_or(drawn), is_new: begun.is_none() && needed, now, ends_at: now.plus(writer.to.grant_lives) }
    }

    fn batch(&self, kept: &Kept, written: &Written, writer: &Writer) -> Result<Batch, StoreError> {
        let mut batch = Batch::new();
        let data = data_of(&writer.data_of, kept.old.data.clone());
        let attributes = writer.attributes.attributes_of(&data);
        if self.is_new {
            // When the user signed in nobody knows any more: long ago is the safe answer.
            let body = Grant { scope: kept.scope.clone(), auth_time: Timestamp::ZERO, acr: None, amr: Vec::new(), data };
            batch.push(self.owned(Key::Issued(self.id), self.ends_at, body, kept).insert()?);
        }
        if let (Some(Outcome::Imported), Some(text), Some(ends)) = (written.refresh, &kept.old.refresh_token, kept.refresh) {
            let id = RecordId::beside(self.id, self.now, writer.to.draw());
            let body =
                RefreshToken { hash: SecretHash::of(text.expose().as_bytes()), scope: kept.scope.clone(), spent_at: None, successor: None };
            batch.push(self.owned(Key::Issued(id), ends, body, kept).insert()?);
            // As long as the grant may live, so that a late replay is still known.
            let named = ForeignRefresh { token: id };
            batch.push(self.owned(ForeignRefresh::key(text.expose()), self.ends_at, named, kept).insert()?);
        }
        if let (Some(Outcome::Imported), Some(ends)) = (written.access, kept.access) {
            let body = HashedToken { scope: kept.scope.clone(), issued_at: self.now, attributes };
            batch.push(self.owned(HashedToken::key(kept.old.token.expose()), ends, body, kept).insert()?);
        }
        Ok(batch)
    }

    fn owned<T: keyhook_component::records::Body>(&self, key: Key, ends_at: Timestamp, body: T, kept: &Kept) -> Stored<T> {
        Stored::new(key, ends_at, body).of_grant(self.id).of_client(kept.client.id.as_str()).of_subject(kept.subject.clone())
    }
}
