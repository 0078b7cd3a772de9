//! All or nothing.

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::{Lookup, Store};

use super::samples::{apply, code, get, id, insert, record, refused, take};
use super::scratch::{Open, Scratch};

pub async fn a_batch_is_written_whole(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    insert(&*store, code(1)).await;
    let tokens = [record(Kind::AccessToken, id(2)), record(Kind::RefreshToken, id(3))];
    let batch = [take(Kind::Code, &id(1), 0)].into_iter().chain(tokens.clone().map(Operation::Insert));
    assert_eq!(apply(&*store, batch).await, Applied::Applied);
    assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Spent(_)));
    for token in tokens {
        assert_eq!(get(&*store, token.kind, &token.key).await, Lookup::Live(token));
    }
}

/// RFC 6749 §4.1.2: a code is not used more than once; whoever comes second gets no token either.
pub async fn a_refused_guard_leaves_nothing_of_the_batch(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let token = record(Kind::AccessToken, id(2));
    let batch = [take(Kind::Code, &id(1), 0), Operation::Insert(token.clone())];
    assert_eq!(apply(&*store, batch.clone()).await, refused(0, Why::Absent));
    insert(&*store, Record { state: State::Spent, ..code(1) }).await;
    assert_eq!(apply(&*store, batch).await, refused(0, Why::Spent));
    assert_eq!(get(&*store, token.kind, &token.key).await, Lookup::Absent);
}

pub async fn a_refusal_in_the_middle_leaves_nothing_of_the_batch(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if !store.promises().atomic {
        return;
    }
    let kept = [code(1), record(Kind::Grant, id(4)), record(Kind::Grant, id(5)), record(Kind::AccessToken, id(6))];
    for record in &kept {
        insert(&*store, record.clone()).await;
    }
    let batch = [
        take(Kind::Code, &id(1), 0),
        Operation::Insert(record(Kind::RefreshToken, id(2))),
        Operation::Put(Record { body: b"put".to_vec(), ..record(Kind::Grant, id(4)) }),
        Operation::Replace(Record { body: b"replaced".to_vec(), ..record(Kind::Grant, id(5)) }),
        Operation::Delete { kind: Kind::Grant, key: id(5) },
        Operation::Insert(record(Kind::AccessToken, id(6))),
    ];
    assert_eq!(apply(&*store, batch).await, refused(5, Why::Exists));
    for record in kept {
        assert_eq!(get(&*store, record.kind, &record.key).await, Lookup::Live(record));
    }
    assert_eq!(get(&*store, Kind::RefreshToken, &id(2)).await, Lookup::Absent);
}

pub async fn a_batch_may_touch_a_record_twice(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if !store.promises().atomic {
        return;
    }
    let batch = [Operation::Insert(code(1)), take(Kind::Code, &id(1), 0)];
    assert_eq!(apply(&*store, batch).await, Applied::Applied);
    assert!(matches!(get(&*store, Kind::Code, &id(1)).await, Lookup::Spent(_)));
    let again = [Operation::Insert(code(2)), Operation::Insert(code(2))];
    assert_eq!(apply(&*store, again).await, refused(1, Why::Exists));
    assert_eq!(get(&*store, Kind::Code, &id(2)).await, Lookup::Absent);
}

/// A store that commits many callers' batches together must keep them apart.
pub async fn refused_batches_between_applied_ones_leave_the_others_alone(scratch: &Scratch, open: impl Open) {
    const BATCHES: u32 = 300;
    let store = scratch.open(open).await;
    if !store.promises().atomic {
        return;
    }
    let mut running = tokio::task::JoinSet::new();
    for number in 0..BATCHES {
        let store = store.clone();
        running.spawn(async move {
            let batch = Batch::new().with(Operation::Insert(record(Kind::AccessToken, id(number))));
            let bad = take(Kind::Code, &id(number), 0);
            let batch = if number.is_multiple_of(3) { batch.with(bad) } else { batch };
            (number, store.apply(batch).await.unwrap())
        });
    }
    for (number, applied) in running.join_all().await {
        let found = get(&*store, Kind::AccessToken, &id(number)).await;
        if number.is_multiple_of(3) {
            assert_eq!((applied, found), (refused(1, Why::Absent), Lookup::Absent));
        } else {
            assert_eq!((applied, found), (Applied::Applied, Lookup::Live(record(Kind::AccessToken, id(number)))));
        }
    }
}

pub async fn an_empty_batch_is_applied(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let store: &dyn Store = &*store;
    assert_eq!(store.apply(Batch::new()).await.unwrap(), Applied::Applied);
    assert_eq!(get(store, Kind::Client, &Key::named("")).await, Lookup::Absent);
}
