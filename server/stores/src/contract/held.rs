//! What a batch holds lives until its fate is decided, and not longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::Kind;
use keyhook_component::store::{Lookup, Store};

use super::samples::{code, get, id, refused, take};
use super::scratch::{Open, Scratch};

/// Remembers that it was dropped.
#[derive(Clone, Default)]
struct Dropped(Arc<AtomicBool>);

struct Guard(Dropped);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

impl Dropped {
    fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

pub async fn what_a_batch_holds_is_dropped_before_the_answer(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    for number in 0..50 {
        let dropped = Dropped::default();
        let mut batch = Batch::new().with(Operation::Insert(code(number)));
        batch.hold(dropped.guard());
        assert_eq!(store.apply(batch).await.unwrap(), Applied::Applied);
        assert!(dropped.happened());
    }
}

pub async fn what_a_refused_batch_holds_is_dropped_before_the_answer(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let dropped = Dropped::default();
    let mut batch = Batch::new().with(take(Kind::Code, &id(1), 0));
    batch.hold(dropped.guard());
    assert_eq!(store.apply(batch).await.unwrap(), refused(0, Why::Absent));
    assert!(dropped.happened());
}

/// A browser that closes its connection must not leave a cache waiting for ever.
pub async fn what_a_batch_holds_is_dropped_when_the_caller_has_gone(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let dropped = Dropped::default();
    begin_and_leave(&*store, Batch::new().with(Operation::Insert(code(1))), &dropped);
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !dropped.happened() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap();
    // It was under way, so it was written.
    assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Live(_)));
}

fn begin_and_leave(store: &dyn Store, mut batch: Batch, dropped: &Dropped) {
    batch.hold(dropped.guard());
    let mut applying = store.apply(batch);
    drop(applying.as_mut().poll(&mut Context::from_waker(Waker::noop())));
}
