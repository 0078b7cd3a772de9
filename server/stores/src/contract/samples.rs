//! Records to test with, and short words for what is done with them.

use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::{Lookup, Store};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

/// Of every id that is made here.
const ROUTE: u32 = 77;

/// A moment in 2026.
pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Ids in the order of their numbers, all on one route: a store that is spread over machines writes records of one route together.
pub fn id(number: u32) -> Key {
    Key::Issued(RecordId::new(NOW.plus(Duration::from_millis(number.into())), ROUTE))
}

/// A live record with every field set.
pub fn record(kind: Kind, key: Key) -> Record {
    Record {
        kind,
        key,
        grant: RecordId::new(NOW, ROUTE),
        client: Some("shop".to_owned()),
        subject: Some("alice".to_owned()),
        expires_at: Timestamp::from_millis(NOW.millis() + 60_000),
        version: 0,
        state: State::Live,
        body: br#"{"scope":"read"}"#.to_vec(),
    }
}

pub fn code(number: u32) -> Record {
    record(Kind::Code, id(number))
}

pub fn take(kind: Kind, key: &Key, version: u32) -> Operation {
    Operation::Take { kind, key: key.clone(), version, body: None }
}

pub async fn apply(store: &dyn Store, operations: impl IntoIterator<Item = Operation>) -> Applied {
    store.apply(operations.into_iter().fold(Batch::new(), Batch::with)).await.unwrap()
}

pub async fn insert(store: &dyn Store, record: Record) {
    assert_eq!(apply(store, [Operation::Insert(record)]).await, Applied::Applied);
}

pub fn refused(operation: usize, why: Why) -> Applied {
    Applied::Refused { operation, why }
}

pub async fn get(store: &dyn Store, kind: Kind, key: &Key) -> Lookup<Record> {
    store.get(kind, key).await.unwrap()
}
