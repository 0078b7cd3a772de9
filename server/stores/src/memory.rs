//! `memory:` keeps records in this process and forgets them with it: for tests and for groups whose loss only refuses.

mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::registry::StoreSource;
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use self::table::{Place, Tables};
use crate::{key_fits, keys_fit};

component!(Store: "memory", open);

/// Opens an empty store; nothing of the source is looked at.
///
/// # Errors
/// None.
pub fn open(_source: StoreSource) -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
    Box::pin(std::future::ready(Ok(Arc::new(MemoryStore::default()) as Arc<dyn Store>)))
}

/// Records in a map. One mutex: it is held for a map operation, less than sharing it out would cost a batch of several records.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic inside would be a bug of ours; the undo log leaves the map whole between operations.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_now(&self, batch: Batch) -> Result<Applied, StoreError> {
        keys_fit(batch.operations())?;
        let (operations, held) = batch.into_parts();
        let applied = self.tables().apply(operations);
        drop(held);
        Ok(applied)
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async move {
            key_fits(kind, key)?;
            let found = self.tables().get(kind, &Place::of(key)).cloned();
            Ok(match found {
                None => Lookup::Absent,
                Some(record) if record.state == State::Live => Lookup::Live(record),
                Some(record) => Lookup::Spent(record),
            })
        })
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            if let Some(after) = &page.after {
                key_fits(kind, after)?;
            }
            Ok(self.tables().list(kind, index, &page))
        })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move { self.apply_now(batch) })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.tables().purge(now, horizons)) })
    }

    fn promises(&self) -> Promises {
        Promises { durable: false, evicts: false, shared: false, atomic: true }
    }

    fn changed_elsewhere(&self) -> u64 {
        0
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::path::PathBuf;

    use keyhook_component::records::{NotBefore, Records, Stored};

    use super::*;

    async fn opened(_folder: PathBuf) -> Arc<dyn Store> {
        Arc::new(MemoryStore::default())
    }

    crate::store_contract!(memory, opened);

    #[tokio::test]
    async fn a_listing_of_many_pages_shows_every_record_once_and_in_order() {
        let records = Records::new(Arc::new(MemoryStore::default()), 0);
        for second in 0..1001_i64 {
            let not_before = NotBefore { instant: Timestamp::from_seconds(second) };
            let put = Stored::new(Key::named(second.to_be_bytes()), Timestamp::MAX, not_before).put().unwrap();
            assert_eq!(records.apply(Batch::new().with(put)).await.unwrap(), Applied::Applied);
        }
        let mut seen = Vec::new();
        records.each::<NotBefore>(|stored| seen.push(stored.body.instant.seconds())).await.unwrap();
        assert!(seen.iter().copied().eq(0..1001));
    }
}
