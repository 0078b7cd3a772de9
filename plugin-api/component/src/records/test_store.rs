//! A store that fits on one page, for the tests of what lies above every store.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use crate::BoxFuture;
use crate::batch::{Applied, Batch, Operation};
use crate::record::{Key, Kind, Record, State};
use crate::store::{Index, Lookup, Page, Promises, Store, StoreError};

#[derive(Default)]
pub(super) struct TestStore {
    pub(super) records: Mutex<HashMap<(Kind, Key), Record>>,
    pub(super) gets: AtomicU64,
    pub(super) elsewhere: AtomicU64,
    pub(super) away: AtomicBool,
}

impl TestStore {
    pub(super) fn new() -> Arc<TestStore> {
        Arc::new(TestStore::default())
    }

    /// As another process would write.
    pub(super) fn write(&self, operation: Operation) {
        let mut records = self.records.lock().unwrap();
        match operation {
            Operation::Insert(record) | Operation::Put(record) | Operation::Replace(record) => {
                records.insert((record.kind, record.key.clone()), record);
            }
            Operation::Take { kind, key, .. } => {
                records.get_mut(&(kind, key)).unwrap().state = State::Spent;
            }
            Operation::Delete { kind, key } => {
                records.remove(&(kind, key));
            }
        }
    }
}

/// Runs what never waits.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the test's store never waits"),
    }
}

impl Store for TestStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async move {
            self.gets.fetch_add(1, Ordering::SeqCst);
            if self.away.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable("away".to_owned()));
            }
            Ok(match self.records.lock().unwrap().get(&(kind, key.clone())).cloned() {
                None => Lookup::Absent,
                Some(record) if record.state == State::Live => Lookup::Live(record),
                Some(record) => Lookup::Spent(record),
            })
        })
    }

    fn list<'a>(&'a self, _: Kind, _: &'a Index, _: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            let (operations, held) = batch.into_parts();
            for operation in operations {
                self.write(operation);
            }
            drop(held);
            Ok(Applied::Applied)
        })
    }

    fn purge<'a>(&'a self, _: Timestamp, _: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn promises(&self) -> Promises {
        Promises { durable: false, evicts: false, shared: false, atomic: false }
    }

    fn changed_elsewhere(&self) -> u64 {
        self.elsewhere.load(Ordering::SeqCst)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
