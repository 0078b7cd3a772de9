//! The one thread that writes: overload, locks, the log, the end.

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Kind, Record};
use keyhook_component::store::{Lookup, StoreError};
use keyhook_core::time::Timestamp;

use super::source;
use crate::contract::samples::{apply, code, insert};
use crate::contract::scratch::{Scratch, block_on};
use crate::sqlite::open;

/// Nobody is told that something is written before it is.
#[test]
fn when_another_process_holds_the_file_too_long_nobody_is_told_yes() {
    let scratch = Scratch::new("stores::held");
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        let other = rusqlite::Connection::open(scratch.folder().join("keyhook.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let code = code(1);
        let error = store.apply(Batch::new().with(Operation::Insert(code.clone()))).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("KH0407")), "{error}");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(store.get(Kind::Code, &code.key).await.unwrap(), Lookup::Absent);
        insert(&*store, code).await;
        store.close().await;
    });
}

#[test]
fn more_than_the_queue_holds_is_refused_at_once() {
    let scratch = Scratch::new("stores::overload");
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        // While another process writes, ours waits and its queue fills.
        let other = rusqlite::Connection::open(scratch.folder().join("keyhook.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut waiting = Vec::new();
        let refused = loop {
            let number = u32::try_from(waiting.len()).unwrap();
            let mut applying = store.apply(Batch::new().with(Operation::Insert(code(number))));
            match applying.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
                std::task::Poll::Pending => waiting.push(applying),
                std::task::Poll::Ready(answer) => break answer,
            }
            assert!(number < 100_000, "the queue has no bound");
        };
        assert!(matches!(&refused, Err(StoreError::Unavailable(text)) if text.contains("KH0406")), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        for applying in waiting {
            assert_eq!(applying.await.unwrap(), Applied::Applied);
        }
        store.close().await;
    });
}

#[test]
fn a_closed_store_says_so() {
    let scratch = Scratch::new("stores::closed");
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        store.close().await;
        store.close().await;
        let error = store.apply(Batch::new().with(Operation::Insert(code(1)))).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("KH0410")), "{error}");
        assert!(store.health().await.is_err());
    });
}

#[test]
fn closing_empties_the_log_and_many_writes_do_not_let_it_grow_without_end() {
    let scratch = Scratch::new("stores::log");
    let log = scratch.folder().join("keyhook.db-wal");
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        for commit in 0..1_200_u32 {
            let large = |number: u32| Record { body: vec![b'x'; 16_000], ..code(commit * 10 + number) };
            assert_eq!(apply(&*store, (0..10_u32).map(large).map(Operation::Insert)).await, Applied::Applied);
        }
        let length = std::fs::metadata(&log).unwrap().len();
        assert!(length < 110 << 20, "the log has {length} bytes after 190 MB of writes");
        store.close().await;
        assert_eq!(std::fs::metadata(&log).map_or(0, |found| found.len()), 0);
    });
}

#[test]
fn what_the_writer_commits_is_no_change_elsewhere() {
    let scratch = Scratch::new("stores::own");
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        for number in 0..100 {
            insert(&*store, code(number)).await;
            store.purge(Timestamp::ZERO, &[]).await.unwrap();
        }
        assert_eq!(store.changed_elsewhere(), 0);
        store.close().await;
    });
}
