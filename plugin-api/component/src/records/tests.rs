//! Which look-ups reach the store, and that none of them is stale.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keyhook_core::time::Timestamp;

use super::test_store::{TestStore, now};
use super::{Consent, NotBefore, Records, Stored};
use crate::batch::{Applied, Batch, Operation};
use crate::record::{Key, Kind};
use crate::store::{Lookup, StoreError};

fn records() -> (Arc<TestStore>, Records) {
    let store = TestStore::new();
    (Arc::clone(&store), Records::new(store, 100))
}

fn not_before(millis: i64) -> Operation {
    let body = NotBefore { instant: Timestamp::from_millis(millis) };
    Stored::new(Key::named("alice"), Timestamp::MAX, body).put().unwrap()
}

fn instant(records: &Records) -> Option<i64> {
    now(records.subject_not_before("alice")).unwrap().map(Timestamp::millis)
}

#[test]
fn a_cached_kind_is_read_once_found_or_not() {
    let (store, records) = records();
    for _ in 0..2 {
        assert_eq!(instant(&records), None);
    }
    assert_eq!(store.gets.load(Ordering::SeqCst), 1);
    assert_eq!(now(records.apply(Batch::new().with(not_before(1)))).unwrap(), Applied::Applied);
    for _ in 0..2 {
        assert_eq!(instant(&records), Some(1));
    }
    assert_eq!(store.gets.load(Ordering::SeqCst), 2);
}

#[test]
fn after_a_write_nobody_sees_what_it_replaced() {
    let (_, records) = records();
    for version in 1..100 {
        assert_eq!(now(records.apply(Batch::new().with(not_before(version)))).unwrap(), Applied::Applied);
        assert_eq!(instant(&records), Some(version));
    }
}

#[test]
fn a_change_of_another_process_drops_the_cache() {
    let (store, records) = records();
    assert_eq!(instant(&records), None);
    store.write(not_before(5));
    assert_eq!(instant(&records), None, "nothing says that it changed");
    store.elsewhere.fetch_add(1, Ordering::SeqCst);
    assert_eq!(instant(&records), Some(5));
}

#[test]
fn a_kind_that_is_not_cached_is_read_every_time() {
    let (store, records) = records();
    for reads in 1..4 {
        assert!(matches!(now(records.get::<Consent>(&Key::named("c"))).unwrap(), Lookup::Absent));
        assert_eq!(store.gets.load(Ordering::SeqCst), reads);
    }
}

/// What cannot be read is unknown, never absent: absence may permit something.
#[test]
fn a_body_that_cannot_be_understood_is_an_error_and_is_not_cached() {
    let (store, records) = records();
    let Operation::Put(mut record) = not_before(1) else { panic!("a put") };
    record.body = b"{".to_vec();
    store.write(Operation::Put(record));
    for _ in 0..2 {
        assert!(matches!(now(records.subject_not_before("alice")), Err(StoreError::Unusable(text)) if text.contains("not_before")));
    }
    store.write(not_before(7));
    assert_eq!(instant(&records), Some(7));
}

#[test]
fn a_store_that_is_away_is_an_error_and_is_not_cached() {
    let (store, records) = records();
    store.away.store(true, Ordering::SeqCst);
    assert!(matches!(now(records.client("shop")), Err(StoreError::Unavailable(_))));
    store.away.store(false, Ordering::SeqCst);
    assert!(now(records.client("shop")).unwrap().is_none());
}

#[test]
fn groups_may_lie_in_stores_of_their_own() {
    let (fallback, once) = (TestStore::new(), TestStore::new());
    let store_of = |group| Arc::clone(if group == Kind::Once.group() { &once } else { &fallback }) as Arc<dyn crate::store::Store>;
    let records = Records::mapped(store_of, 100);
    let delete = Operation::Delete { kind: Kind::Once, key: Key::named("alice") };
    let Operation::Put(mut nonce) = not_before(1) else { panic!("a put") };
    nonce.kind = Kind::Once;
    assert_eq!(now(records.apply(Batch::new().with(Operation::Insert(nonce)))).unwrap(), Applied::Applied);
    assert_eq!(now(records.apply(Batch::new().with(not_before(1)))).unwrap(), Applied::Applied);
    assert_eq!((once.records.lock().unwrap().len(), fallback.records.lock().unwrap().len()), (1, 1));
    assert_eq!(now(records.apply(Batch::new().with(delete))).unwrap(), Applied::Applied);
    assert!(once.records.lock().unwrap().is_empty());
    assert_eq!(records.stores().len(), 2, "each store once, though three groups share one");
}
