//! Between a store's record and its typed body.

use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::Operation;
use crate::record::{Key, Kind, Record, State};
use crate::store::StoreError;

/// The body of a kind of record.
pub trait Body: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Whether look-ups go through the cache.
    const CACHED: bool;
}

/// A record with its body understood.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// Its key.
    pub key: Key,
    /// The grant it belongs to, [`RecordId::NONE`] for none.
    pub grant: RecordId,
    /// The client it belongs to.
    pub client: Option<String>,
    /// The user it belongs to.
    pub subject: Option<String>,
    /// After this it counts as absent.
    pub expires_at: Timestamp,
    /// The version that was read.
    pub version: u32,
    /// The body.
    pub body: T,
}

impl<T: Body> Stored<T> {
    /// A record that belongs to nobody yet.
    pub fn new(key: Key, expires_at: Timestamp, body: T) -> Stored<T> {
        Stored { key, grant: RecordId::NONE, client: None, subject: None, expires_at, version: 0, body }
    }

    /// Names the grant it belongs to.
    #[must_use]
    pub fn of_grant(mut self, grant: RecordId) -> Stored<T> {
        self.grant = grant;
        self
    }

    /// Names the client it belongs to.
    #[must_use]
    pub fn of_client(mut self, client: impl Into<String>) -> Stored<T> {
        self.client = Some(client.into());
        self
    }

    /// Names the user it belongs to.
    #[must_use]
    pub fn of_subject(mut self, subject: Option<String>) -> Stored<T> {
        self.subject = subject;
        self
    }

    /// Its own id; [`RecordId::NONE`] for what has a name.
    pub fn id(&self) -> RecordId {
        if let Key::Issued(id) = self.key { id } else { RecordId::NONE }
    }

    /// Inserts it.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn insert(self) -> Result<Operation, StoreError> {
        Ok(Operation::Insert(self.into_record(State::Live)?))
    }

    /// Inserts it as spent: the mark of something that was used before it was ever stored. One caller ever.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn insert_spent(self) -> Result<Operation, StoreError> {
        Ok(Operation::Insert(self.into_record(State::Spent)?))
    }

    /// Inserts or overwrites it.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn put(self) -> Result<Operation, StoreError> {
        Ok(Operation::Put(self.into_record(State::Live)?))
    }

    /// Overwrites the version that was read.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn replace(self) -> Result<Operation, StoreError> {
        Ok(Operation::Replace(self.into_record(State::Live)?))
    }

    /// Marks it spent for good, whoever else writes: revocation is a state.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn revoke(self) -> Result<Operation, StoreError> {
        Ok(Operation::Put(self.into_record(State::Spent)?))
    }

    /// Takes it: live → spent, for one caller ever.
    pub fn take(&self) -> Operation {
        Operation::Take { kind: T::KIND, key: self.key.clone(), version: self.version, body: None }
    }

    /// Takes it and leaves another body in the spent record.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn take_leaving(&self, body: &T) -> Result<Operation, StoreError> {
        Ok(Operation::Take { kind: T::KIND, key: self.key.clone(), version: self.version, body: Some(write(body)?) })
    }

    /// Deletes it.
    pub fn delete(&self) -> Operation {
        Operation::Delete { kind: T::KIND, key: self.key.clone() }
    }

    /// Understands a record.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the body is not a `T`.
    pub fn from_record(record: Record) -> Result<Stored<T>, StoreError> {
        let body = serde_json::from_slice(&record.body)
            .map_err(|error| StoreError::Unusable(format!("a {} record cannot be read: {error}", T::KIND.name())))?;
        Ok(Stored {
            key: record.key,
            grant: record.grant,
            client: record.client,
            subject: record.subject,
            expires_at: record.expires_at,
            version: record.version,
            body,
        })
    }

    fn into_record(self, state: State) -> Result<Record, StoreError> {
        Ok(Record {
            kind: T::KIND,
            body: write(&self.body)?,
            key: self.key,
            grant: self.grant,
            client: self.client,
            subject: self.subject,
            expires_at: self.expires_at,
            version: self.version,
            state,
        })
    }
}

fn write<T: Body>(body: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(body).map_err(|error| StoreError::Unusable(format!("a {} record cannot be written: {error}", T::KIND.name())))
}
