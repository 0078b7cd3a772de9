//! Typed records: written once, above every store.

mod bodies;
mod hashed;
mod liveness;
mod oauth1;
mod shared_secret;
mod typed;

pub use bodies::{
    AccessToken, Attempts, ClientBody, Code, Consent, Deployment, Grant, Interaction, Nonce, NotBefore, Once, PluginValue, RefreshToken,
    Session, SigningKey, SigningRing, User,
};
pub use hashed::{ForeignCredential, ForeignRefresh, HashedToken, ReusableToken};
pub use liveness::{LiveToken, Told};
pub use oauth1::{Authorized, TemporaryCredential, TokenCredential};
pub use shared_secret::SharedSecret;
pub use typed::{Body, Stored};

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_core::client::Client;

use crate::batch::{Applied, Batch, Operation};
use crate::cache::RecordCache;
use crate::record::{Group, Key};
use crate::store::{Index, Lookup, Page, Store, StoreError};

/// The records of a server: four groups of stores and one cache.
#[derive(Clone)]
pub struct Records {
    inner: Arc<Inner>,
}

struct Inner {
    /// In the order of [`Group::ALL`].
    by_group: [Arc<dyn Store>; Group::ALL.len()],
    /// Each of them once.
    stores: Vec<Arc<dyn Store>>,
    cache: Arc<RecordCache>,
    seen_elsewhere: AtomicU64,
}

impl Records {
    /// All groups in one store, with a cache of at most `capacity` records.
    pub fn new(store: Arc<dyn Store>, capacity: usize) -> Records {
        Records::mapped(move |_| Arc::clone(&store), capacity)
    }

    /// Each group in the store that `store_of` gives it; several may share one.
    pub fn mapped(store_of: impl FnMut(Group) -> Arc<dyn Store>, capacity: usize) -> Records {
        let by_group = Group::ALL.map(store_of);
        let mut stores: Vec<Arc<dyn Store>> = Vec::new();
        for store in &by_group {
            if !stores.iter().any(|other| Arc::ptr_eq(other, store)) {
                stores.push(Arc::clone(store));
            }
        }
        let cache = Arc::new(RecordCache::new(capacity));
        Records { inner: Arc::new(Inner { by_group, stores, cache, seen_elsewhere: AtomicU64::new(0) }) }
    }

    /// The store of a group.
    pub fn store(&self, group: Group) -> &Arc<dyn Store> {
        &self.inner.by_group[group as usize]
    }

    /// Every store once, however many groups live in it.
    pub fn stores(&self) -> &[Arc<dyn Store>] {
        &self.inner.stores
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
        if T::KIND.is_issued() && matches!(found, Lookup::Absent) {
            // Not remembered: so an insert need not tell the cache, and nobody fills it with ids that he made up.
            return Ok(found);
        }
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

    /// Shows every record of a kind to `see`, in key order. For display and housekeeping, never on the path of a decision.
    ///
    /// # Errors
    /// When the store cannot answer; what was seen by then was there.
    pub async fn each<T: Body>(&self, mut see: impl FnMut(Stored<T>) + Send) -> Result<(), StoreError> {
        const PAGE: usize = 500;
        let mut after = None;
        loop {
            let page = self.list(&Index::All, Page { after, limit: PAGE }).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|stored: &Stored<T>| stored.key.clone());
            page.into_iter().for_each(&mut see);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Writes a batch; when it returns, no cache of this process serves what the batch replaced.
    ///
    /// # Errors
    /// When the store cannot say whether it wrote.
    pub async fn apply(&self, mut batch: Batch) -> Result<Applied, StoreError> {
        let Some(group) = batch.group() else { return Ok(Applied::Applied) };
        self.close_cache(&mut batch);
        self.store(group).apply(batch).await
    }

    /// Keeps the cache from serving what a batch replaces, until its fate is decided.
    fn close_cache(&self, batch: &mut Batch) {
        let mut replaced = batch.operations().iter().filter(|operation| operation.may_be_cached()).map(Operation::target).peekable();
        if replaced.peek().is_some() {
            let open = self.inner.cache.open(replaced);
            batch.hold(open);
        }
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
        let now = self.stores().iter().map(|store| store.changed_elsewhere()).fold(0u64, u64::wrapping_add);
        if self.inner.seen_elsewhere.load(Ordering::Acquire) != now {
            self.inner.cache.clear();
            self.inner.seen_elsewhere.store(now, Ordering::Release);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod test_store;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
