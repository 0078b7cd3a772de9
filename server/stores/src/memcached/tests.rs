//! The contract over a real memcached, as far as a cache can keep it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Kind, Record};
use keyhook_component::store::{Lookup, Store};

use super::open;
use crate::contract::samples::{apply, code, get, id, insert, record, refused, take};
use crate::contract::scratch::{Scratch, block_on, short_name};
use crate::served::{address, source};

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    // Nobody can remove what lies there, so the name is never used again: it has the moment at which the folder was made.
    let made = std::fs::metadata(&folder).unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    let prefix = format!("{}.{}", short_name(&folder), made.as_nanos());
    open(source(format!("{}?prefix={prefix}", address("KEYHOOK_TEST_MEMCACHED")))).await.unwrap()
}

crate::store_contract!(contract, opened, left_to_expire);

async fn left_to_expire(_folder: PathBuf) {}

/// The documented weaker promise: what can be seen to refuse is seen before the guard is taken.
#[test]
#[ignore = "needs a server: tests/servers/up, then --include-ignored"]
fn a_batch_that_cannot_be_written_whole_leaves_its_guard_alone() {
    let scratch = Scratch::new(concat!(module_path!(), "::whole"));
    block_on(async {
        let store = scratch.open(opened).await;
        insert(&*store, code(1)).await;
        insert(&*store, record(Kind::AccessToken, id(2))).await;
        insert(&*store, record(Kind::Grant, id(3))).await;
        let taken = [take(Kind::Code, &id(1), 0), Operation::Insert(record(Kind::AccessToken, id(2)))];
        assert_eq!(apply(&*store, taken).await, refused(1, Why::Exists));
        let changed = [take(Kind::Code, &id(1), 0), Operation::Replace(Record { version: 7, ..record(Kind::Grant, id(3)) })];
        assert_eq!(apply(&*store, changed).await, refused(1, Why::Changed));
        assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Live(_)));
        let whole = [take(Kind::Code, &id(1), 0), Operation::Replace(record(Kind::Grant, id(3)))];
        assert_eq!(apply(&*store, whole).await, Applied::Applied);
    });
}
