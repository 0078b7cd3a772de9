//! Stores that are wrong in one point, to show that the contract notices.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::BoxFuture;
use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use super::samples::refused;
use super::scratch::{Open, Scratch, block_on};
use super::{held, races, verbs};
use crate::memory::MemoryStore;

/// What is wrong.
#[derive(Clone, Copy)]
enum Mistake {
    /// A take looks first and writes then, as two statements without a transaction.
    TakeInTwoSteps,
    /// A put writes the state that it is given.
    PutRevives,
    /// What a batch holds is let go after the answer.
    HeldTooLong,
}

struct Mutant(MemoryStore, Mistake);

impl Mutant {
    async fn wrong(&self, mut batch: Batch) -> Result<Applied, StoreError> {
        match (self.1, batch.operations()) {
            (Mistake::TakeInTwoSteps, [Operation::Take { kind, key, .. }]) => {
                let Lookup::Live(found) = self.0.get(*kind, key).await? else { return Ok(refused(0, Why::Spent)) };
                tokio::task::yield_now().await;
                self.0.apply(Batch::new().with(Operation::Put(Record { state: State::Spent, ..found }))).await
            }
            (Mistake::PutRevives, [Operation::Put(record)]) => {
                let delete = Operation::Delete { kind: record.kind, key: record.key.clone() };
                let version = self.0.get(record.kind, &record.key).await?.map(|found| found.version + 1);
                let version = if let Lookup::Live(version) | Lookup::Spent(version) = version { version } else { 0 };
                let put = Operation::Put(Record { version, ..record.clone() });
                self.0.apply(Batch::new().with(delete).with(put)).await
            }
            (Mistake::HeldTooLong, _) => {
                let (operations, guard) = batch.into_parts();
                batch = operations.into_iter().fold(Batch::new(), Batch::with);
                let applied = self.0.apply(batch).await;
                std::mem::forget(guard);
                applied
            }
            _ => self.0.apply(batch).await,
        }
    }
}

impl Store for Mutant {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        self.0.get(kind, key)
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        self.0.list(kind, index, page)
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(self.wrong(batch))
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.0.purge(now, horizons)
    }

    fn promises(&self) -> Promises {
        self.0.promises()
    }

    fn changed_elsewhere(&self) -> u64 {
        self.0.changed_elsewhere()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close()
    }
}

fn open(mistake: Mistake) -> impl Open {
    move |_: PathBuf| std::future::ready(Arc::new(Mutant(MemoryStore::default(), mistake)) as Arc<dyn Store>)
}

/// Whether a rule of the contract fails.
fn fails(rule: impl Future<Output = ()>) -> bool {
    catch_unwind(AssertUnwindSafe(|| block_on(rule))).is_err()
}

/// RFC 6749 §4.1.2: a code MUST NOT be used more than once.
#[test]
fn a_take_of_two_statements_fails() {
    let scratch = Scratch::new("stores::mutants::take");
    assert!(fails(races::one_of_64_tasks_takes_a_record(&scratch, open(Mistake::TakeInTwoSteps))));
}

#[test]
fn a_put_that_revives_fails() {
    let scratch = Scratch::new("stores::mutants::put");
    assert!(fails(verbs::a_put_or_a_replace_never_revives_what_is_spent(&scratch, open(Mistake::PutRevives))));
}

#[test]
fn a_guard_that_outlives_the_answer_fails() {
    let scratch = Scratch::new("stores::mutants::held");
    assert!(fails(held::what_a_batch_holds_is_dropped_before_the_answer(&scratch, open(Mistake::HeldTooLong))));
}
