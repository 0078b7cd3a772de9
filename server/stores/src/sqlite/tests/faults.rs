//! A disk that fails: whoever was not told yes finds nothing, whoever was told yes finds all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Kind, Record};
use keyhook_component::store::{Lookup, Store, StoreError};
use rusqlite::Connection;

use super::source;
use crate::contract::samples::{apply, code, get, id};
use crate::contract::scratch::{Scratch, block_on};
use crate::sqlite::readers::Readers;
use crate::sqlite::writer::WriterHandle;
use crate::sqlite::{SqliteStore, open};

/// A store over a connection that a test has prepared.
fn store(scratch: &Scratch, prepare: impl FnOnce(&mut Connection)) -> Arc<dyn Store> {
    let source = source(scratch.folder());
    let path = open::locate(&source).unwrap();
    let mut connection = open::writer(&path, &source).unwrap();
    prepare(&mut connection);
    let readers = Arc::new(Readers::open(&path).unwrap());
    let changed_elsewhere = Arc::new(AtomicU64::new(0));
    let writer = WriterHandle::start(connection, path, true, Arc::clone(&changed_elsewhere)).unwrap();
    Arc::new(SqliteStore { readers, writer, changed_elsewhere, durable: true })
}

#[test]
fn when_a_commit_fails_everybody_in_it_is_told_no_and_nothing_is_written() {
    let scratch = Scratch::new("stores::commit");
    let failing = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&failing);
    let store = store(&scratch, |connection| {
        connection.commit_hook(Some(move || fails.load(Ordering::SeqCst))).unwrap();
    });
    block_on(async {
        assert_eq!(apply(&*store, [Operation::Insert(code(1))]).await, Applied::Applied);
        failing.store(true, Ordering::SeqCst);
        let mut running = tokio::task::JoinSet::new();
        for number in 2..100 {
            let store = Arc::clone(&store);
            let batch = Batch::new().with(Operation::Insert(code(number)));
            running.spawn(async move { store.apply(batch).await });
        }
        for answer in running.join_all().await {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        failing.store(false, Ordering::SeqCst);
        for number in 2..100 {
            assert_eq!(get(&*store, Kind::Code, &id(number)).await, Lookup::Absent);
        }
        assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Live(code(1)));
        assert_eq!(apply(&*store, [Operation::Insert(code(2))]).await, Applied::Applied, "it goes on when the disk does");
        store.close().await;
    });
}

#[test]
fn when_the_disk_is_full_what_was_acknowledged_is_there_and_nothing_else() {
    let scratch = Scratch::new("stores::full");
    let store = store(&scratch, |connection| connection.pragma_update(None, "max_page_count", 100).unwrap());
    block_on(async {
        let large = |number| Record { body: vec![b'x'; 20_000], ..code(number) };
        let mut number = 0;
        let error = loop {
            match store.apply(Batch::new().with(Operation::Insert(large(number)))).await {
                Ok(applied) => assert_eq!(applied, Applied::Applied),
                Err(error) => break error,
            }
            number += 1;
            assert!(number < 1000, "the disk has no end");
        };
        assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("KH0408")), "{error}");
        assert_eq!(get(&*store, Kind::Code, &id(number)).await, Lookup::Absent);
        for number in 0..number {
            assert_eq!(get(&*store, Kind::Code, &id(number)).await, Lookup::Live(large(number)));
        }
        assert_eq!(apply(&*store, [Operation::Delete { kind: Kind::Code, key: id(0) }]).await, Applied::Applied);
        assert_eq!(apply(&*store, [Operation::Insert(large(number))]).await, Applied::Applied, "there is room again");
        store.close().await;
    });
}
