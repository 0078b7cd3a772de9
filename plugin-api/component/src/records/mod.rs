//! Typed records: written once, above every store.

mod bodies;
mod liveness;
mod typed;

pub use bodies::{
    AccessToken, Attempts, ClientBody, Code, Consent, Deployment, Grant, Interaction, NotBefore, PluginValue, RefreshToken, Session, User,
};
pub use liveness::LiveToken;
pub use typed::{Body, Stored};

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_core::client::Client;

use crate::batch::{Applied, Batch};
use crate::cache::RecordCache;
use crate::record::{Group, Key, Kind};
use crate::store::{Index, Lookup, Page, Store, StoreError};

/// The records of a server: four groups of stores and one cache.
#[derive(Clone)]
pub struct Records {
    inner: Arc<Inner>,
}

struct Inner {
    stores: BTreeMap<Group, Arc<dyn Store>>,
    fallback: Arc<dyn Store>,
    cache: Arc<RecordCache>,
    seen_elsewhere: AtomicU64,
}

impl Records {
    /// All groups in one store, with a cache of at most `capacity` records.
    pub fn new(store: Arc<dyn Store>, capacity: usize) -> Records {
        Records::mapped(store, BTreeMap::new(), capacity)
    }

    /// Some groups in stores of their own.
    pub fn mapped(fallback: Arc<dyn Store>, stores: BTreeMap<Group, Arc<dyn Store>>, capacity: usize) -> Records {
        let cache = Arc::new(RecordCache::new(capacity));
        Records { inner: Arc::new(Inner { stores, fallback, cache, seen_elsewhere: AtomicU64::new(0) }) }
    }

    /// The store of a group.
    pub fn store(&self, group: Group) -> &Arc<dyn Store> {
        self.inner.stores.get(&group).unwrap_or(&self.inner.fallback)
    }

    /// Every distinct store.
    pub fn stores(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        std::iter::once(&self.inner.fallback).chain(self.inner.stores.values())
    }

    /// The record under a key, from the cache where its kind is cached. Expired records are returned: compare with the clock.
    ///
    /// # Errors
    /// When the store cannot answer or holds something that is not a `T`.
    pub async fn get<T: Body>(&self, key: &Key) -> Result<Lookup<Arc<Stored<T>>>, StoreError> {
        if !T::CACHED {
            return self.read(key).await;
        }
        self.drop_stale_cache();
        if let Some(hit) = self.inner.cache.get(T::KIND, key)
            && let Some(found) = hit.downcast_ref::<Lookup<Arc<Stored<T>>>>()
        {
            return Ok(found.clone());
        }
        let miss = self.inner.cache.miss(T::KIND, key);
        let found = self.read(key).await?;
        let value: Arc<dyn Any + Send + Sync> = Arc::new(found.clone());
        self.inner.cache.fill(miss, T::KIND, key, value);
        Ok(found)
    }

    /// The record under a key, from the store.
    ///
    /// # Errors
    /// When the store cannot answer or holds something that is not a `T`.
    pub async fn read<T: Body>(&self, key: &Key) -> Result<Lookup<Arc<Stored<T>>>, StoreError> {
        match self.store(T::KIND.group()).get(T::KIND, key).await? {
            Lookup::Live(record) => Ok(Lookup::Live(Arc::new(Stored::from_record(record)?))),
            Lookup::Spent(record) => Ok(Lookup::Spent(Arc::new(Stored::from_record(record)?))),
            Lookup::Absent => Ok(Lookup::Absent),
        }
    }

    /// Records for display.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn list<T: Body>(&self, index: &Index, page: Page) -> Result<Vec<Stored<T>>, StoreError> {
        let records = self.store(T::KIND.group()).list(T::KIND, index, page).await?;
        records.into_iter().map(Stored::from_record).collect()
    }

    /// Writes a batch; when it returns, no cache of this process serves what the batch replaced.
    ///
    /// # Errors
    /// When the store cannot say whether it wrote.
    pub async fn apply(&self, mut batch: Batch) -> Result<Applied, StoreError> {
        let Some(group) = batch.group() else { return Ok(Applied::Applied) };
        let open = self.inner.cache.open(batch.operations().iter().map(super::batch::Operation::target));
        batch.hold(open);
        self.store(group).apply(batch).await
    }

    /// A client by its id.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, StoreError> {
        let found = self.get::<ClientBody>(&Key::named(client_id)).await?;
        Ok(found.live().map(|stored| Arc::clone(&stored.body.0)))
    }

    /// Forgets cached records of a kind that another process may have written.
    fn drop_stale_cache(&self) {
        let now = self.stores().map(|store| store.changed_elsewhere()).fold(0u64, u64::wrapping_add);
        if self.inner.seen_elsewhere.load(Ordering::Acquire) != now {
            self.inner.cache.clear();
            self.inner.seen_elsewhere.store(now, Ordering::Release);
        }
    }
}

/// Kinds that a store lists for people.
pub const LISTED: [Kind; 4] = [Kind::Client, Kind::User, Kind::Grant, Kind::Session];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod test_store;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
