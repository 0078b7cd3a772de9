//! One operation at a time.

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::{Lookup, StoreError};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use super::samples::{NOW, apply, code, get, id, insert, record, refused, take};
use super::scratch::{Open, Scratch};

pub async fn a_record_is_found_as_it_was_inserted(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    for kind in Kind::ALL {
        let key = if kind.is_issued() { id(1) } else { Key::named("alice") };
        let full = record(kind, key.clone());
        insert(&*store, full.clone()).await;
        assert_eq!(get(&*store, kind, &key).await, Lookup::Live(full));
    }
    let bare = Record { grant: RecordId::NONE, client: None, subject: None, expires_at: Timestamp::MAX, body: Vec::new(), ..code(2) };
    insert(&*store, bare.clone()).await;
    assert_eq!(get(&*store, Kind::Code, &id(2)).await, Lookup::Live(bare));
}

pub async fn what_was_never_written_is_absent(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Absent);
    assert_eq!(get(&*store, Kind::Client, &Key::named("shop")).await, Lookup::Absent);
}

pub async fn an_insert_is_refused_while_the_key_exists_live_or_spent(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let nonce = record(Kind::Once, Key::named("nonce"));
    for record in [code(1), nonce] {
        insert(&*store, record.clone()).await;
        let other = Record { body: b"{}".to_vec(), ..record.clone() };
        assert_eq!(apply(&*store, [Operation::Insert(other.clone())]).await, refused(0, Why::Exists));
        assert_eq!(get(&*store, record.kind, &record.key).await, Lookup::Live(record.clone()));
        assert_eq!(apply(&*store, [take(record.kind, &record.key, 0)]).await, Applied::Applied);
        assert_eq!(apply(&*store, [Operation::Insert(other)]).await, refused(0, Why::Exists));
    }
}

pub async fn a_put_inserts_or_overwrites_and_the_version_grows(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    for first in [code(1), record(Kind::Client, Key::named("shop"))] {
        assert_eq!(apply(&*store, [Operation::Put(first.clone())]).await, Applied::Applied);
        let second = Record { body: b"2".to_vec(), client: None, expires_at: Timestamp::MAX, ..first.clone() };
        assert_eq!(apply(&*store, [Operation::Put(second.clone())]).await, Applied::Applied);
        assert_eq!(get(&*store, first.kind, &first.key).await, Lookup::Live(Record { version: 1, ..second }));
    }
}

pub async fn a_put_or_a_replace_never_revives_what_is_spent(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    insert(&*store, code(1)).await;
    let revoked = Record { state: State::Spent, ..code(1) };
    assert_eq!(apply(&*store, [Operation::Put(revoked)]).await, Applied::Applied);
    assert_eq!(apply(&*store, [Operation::Put(code(1))]).await, Applied::Applied);
    let Lookup::Spent(found) = get(&*store, Kind::Code, &id(1)).await else { panic!("a put revived it") };
    assert_eq!(apply(&*store, [Operation::Replace(Record { state: State::Live, ..found })]).await, Applied::Applied);
    assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Spent(_)), "a replace revived it");
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 3)]).await, refused(0, Why::Spent));
}

pub async fn a_take_leaves_a_spent_record_with_the_body_it_names(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    for number in [1, 2] {
        insert(&*store, code(number)).await;
    }
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 0)]).await, Applied::Applied);
    let spent = Record { state: State::Spent, version: 1, ..code(1) };
    assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Spent(spent));

    let leaving = Operation::Take { kind: Kind::Code, key: id(2), version: 0, body: Some(b"left".to_vec()) };
    assert_eq!(apply(&*store, [leaving]).await, Applied::Applied);
    let spent = Record { state: State::Spent, version: 1, body: b"left".to_vec(), ..code(2) };
    assert_eq!(get(&*store, Kind::Code, &id(2)).await, Lookup::Spent(spent));
}

pub async fn a_take_of_a_spent_an_absent_or_a_changed_record_is_refused(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    insert(&*store, code(1)).await;
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 1)]).await, refused(0, Why::Changed));
    assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Live(_)));
    assert_eq!(apply(&*store, [take(Kind::Code, &id(2), 0)]).await, refused(0, Why::Absent));
    assert_eq!(get(&*store, Kind::Code, &id(2)).await, Lookup::Absent);
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 0)]).await, Applied::Applied);
    for version in [0, 1] {
        assert_eq!(apply(&*store, [take(Kind::Code, &id(1), version)]).await, refused(0, Why::Spent));
    }
}

pub async fn a_replace_needs_the_version_that_is_stored(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let key = record(Kind::SigningKey, Key::named("k1"));
    assert_eq!(apply(&*store, [Operation::Replace(key.clone())]).await, refused(0, Why::Absent));
    insert(&*store, key.clone()).await;
    let next = Record { body: b"next".to_vec(), ..key.clone() };
    assert_eq!(apply(&*store, [Operation::Replace(next.clone())]).await, Applied::Applied);
    assert_eq!(apply(&*store, [Operation::Replace(key.clone())]).await, refused(0, Why::Changed));
    assert_eq!(get(&*store, key.kind, &key.key).await, Lookup::Live(Record { version: 1, ..next }));
}

pub async fn a_deleted_record_is_absent_and_deleting_it_again_is_no_error(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    insert(&*store, code(1)).await;
    let delete = Operation::Delete { kind: Kind::Code, key: id(1) };
    for _ in 0..2 {
        assert_eq!(apply(&*store, [delete.clone()]).await, Applied::Applied);
        assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Absent);
    }
}

/// The typed layer compares with its own clock.
pub async fn an_expired_record_is_still_found(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let old = Record { expires_at: Timestamp::ZERO, ..code(1) };
    insert(&*store, old.clone()).await;
    assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Live(old));
    let named = Record { expires_at: Timestamp::from_millis(NOW.millis() - 1), ..record(Kind::Once, Key::named("n")) };
    insert(&*store, named.clone()).await;
    assert_eq!(get(&*store, Kind::Once, &named.key).await, Lookup::Live(named));
}

pub async fn names_with_nul_bytes_and_no_bytes_are_different_names(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let names: [&[u8]; 7] = [b"", b"\0", b"a", b"a\0", b"a\0b", b"a\0c", b"\xff\xfe"];
    for name in names {
        insert(&*store, Record { body: name.to_vec(), ..record(Kind::PluginData, Key::named(name)) }).await;
    }
    for name in names {
        let found = get(&*store, Kind::PluginData, &Key::named(name)).await.live().unwrap();
        assert_eq!((found.body.as_slice(), found.key), (name, Key::named(name)));
    }
}

pub async fn a_large_body_comes_back_whole(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    // A cache keeps a mebibyte with all that belongs to it.
    let length = if store.promises().evicts { 1 << 19 } else { 1 << 20 };
    let body: Vec<u8> = (0..=255).cycle().take(length).collect();
    insert(&*store, Record { body: body.clone(), ..code(1) }).await;
    assert_eq!(get(&*store, Kind::Code, &id(1)).await.live().unwrap().body, body);
}

pub async fn the_same_id_in_two_kinds_is_two_records(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    insert(&*store, code(1)).await;
    insert(&*store, record(Kind::RefreshToken, id(1))).await;
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 0)]).await, Applied::Applied);
    assert!(matches!(get(&*store, Kind::RefreshToken, &id(1)).await, Lookup::Live(_)));
}

pub async fn a_key_of_the_wrong_sort_is_an_error_and_not_absent(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    assert!(matches!(store.get(Kind::Code, &Key::named("1")).await, Err(StoreError::Unusable(_))));
    assert!(matches!(store.get(Kind::Client, &id(1)).await, Err(StoreError::Unusable(_))));
    let insert = Operation::Insert(record(Kind::Code, Key::named("1")));
    let batch = keyhook_component::batch::Batch::new().with(insert);
    assert!(matches!(store.apply(batch).await, Err(StoreError::Unusable(_))));
}

pub async fn a_store_that_is_open_is_healthy(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    store.health().await.unwrap();
}
