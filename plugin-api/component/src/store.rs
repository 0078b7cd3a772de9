//! A store: four verbs over records. Everything typed lies above it, once, for every database.

use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use crate::BoxFuture;
use crate::batch::{Applied, Batch};
use crate::record::{Key, Kind, Record};

/// What `get` finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It may be used.
    Live(T),
    /// It was used or revoked.
    Spent(T),
    /// There is none, or it has been purged.
    Absent,
}

impl<T> Lookup<T> {
    /// The live one.
    pub fn live(self) -> Option<T> {
        match self {
            Lookup::Live(found) => Some(found),
            Lookup::Spent(_) | Lookup::Absent => None,
        }
    }

    /// The same lookup of something made from what was found.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Lookup::Live(found) => Lookup::Live(make(found)),
            Lookup::Spent(found) => Lookup::Spent(make(found)),
            Lookup::Absent => Lookup::Absent,
        }
    }
}

/// What `list` lists by. For display only: never on the path of a decision.
#[derive(Clone, Debug)]
pub enum Index {
    /// Every record of the kind.
    All,
    /// Those of a client.
    Client(String),
    /// Those of a subject.
    Subject(String),
}

/// A slice of a listing, in key order.
#[derive(Clone, Debug)]
pub struct Page {
    /// Start after this key.
    pub after: Option<Key>,
    /// At most so many.
    pub limit: usize,
}

/// What a store promises. Where a record's absence permits something the store must be `durable` and not `evicts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
pub struct Promises {
    /// An applied batch survives the process and the machine's power.
    pub durable: bool,
    /// It may drop records under memory pressure.
    pub evicts: bool,
    /// Other processes may use it at the same time.
    pub shared: bool,
    /// A batch of several operations is all or nothing.
    pub atomic: bool,
}

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away or overloaded; trying again later makes sense.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Its content is damaged or was written by a newer keyhook.
    #[error("the store is unusable: {0}")]
    Unusable(String),
}

/// A database. `get` returns expired records too: the typed layer above compares with its own clock.
pub trait Store: Send + Sync {
    /// The record under a key.
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>>;

    /// Records for display, in key order.
    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>>;

    /// Writes a batch, and answers when it is as durable as the store promises.
    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>>;

    /// Deletes what no rule needs any more, in a small slice: issued kinds below their floor in `horizons`, named kinds whose
    /// `expires_at` is past. Returns how many; zero when nothing is left.
    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// What it promises.
    fn promises(&self) -> Promises;

    /// A number that moves when another process may have changed records; caches above are dropped when it does.
    fn changed_elsewhere(&self) -> u64;

    /// Whether it can answer now.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Ends it after what is queued has been written.
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl From<StoreError> for OAuthError {
    /// 503 for a store that is away, 500 for one that is damaged; what happened is for the log.
    fn from(error: StoreError) -> OAuthError {
        match error {
            StoreError::Unavailable(cause) => OAuthError::temporarily_unavailable(5).with_cause(cause),
            StoreError::Unusable(cause) => OAuthError::server_error(cause),
        }
    }
}
