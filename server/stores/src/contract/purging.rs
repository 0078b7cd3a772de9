//! What no rule needs any more goes, and nothing else does.

use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::store::{Lookup, Store};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

use super::samples::{NOW, get, id, insert, record};
use super::scratch::{Open, Scratch};

async fn purge_all(store: &dyn Store, horizons: &[(Kind, RecordId)]) -> u64 {
    let mut purged = 0;
    loop {
        match store.purge(NOW, horizons).await.unwrap() {
            0 => return purged,
            slice => purged += slice,
        }
    }
}

pub async fn issued_records_below_the_floor_are_purged_and_no_others(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if store.promises().evicts {
        // A cache forgets by itself.
        return;
    }
    let hour_ago = NOW.minus(Duration::from_hours(1));
    let born = |moment: Timestamp| Key::Issued(RecordId::new(moment, 5));
    let (old, young) = (born(hour_ago.minus(Duration::from_millis(1))), born(hour_ago));
    for kind in [Kind::Code, Kind::AccessToken] {
        for key in [&old, &young] {
            // Expiry plays no part: an issued record ends with its kind's longest lifetime.
            insert(&*store, Record { expires_at: Timestamp::MAX, ..record(kind, key.clone()) }).await;
        }
    }
    assert_eq!(purge_all(&*store, &[(Kind::Code, RecordId::floor(hour_ago))]).await, 1);
    assert_eq!(get(&*store, Kind::Code, &old).await, Lookup::Absent);
    assert!(matches!(get(&*store, Kind::Code, &young).await, Lookup::Live(_)));
    assert!(matches!(get(&*store, Kind::AccessToken, &old).await, Lookup::Live(_)));
}

pub async fn named_records_are_purged_when_they_have_expired(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if store.promises().evicts {
        // A cache forgets by itself.
        return;
    }
    let ends = [NOW.minus(Duration::from_millis(1)), NOW, NOW.plus(Duration::from_millis(1)), Timestamp::MAX];
    for (kind, end) in [Kind::Once, Kind::Nonce, Kind::Client].into_iter().flat_map(|kind| ends.map(|end| (kind, end))) {
        insert(&*store, Record { expires_at: end, ..record(kind, Key::named(end.millis().to_string())) }).await;
    }
    assert_eq!(purge_all(&*store, &[]).await, 6);
    for (kind, end) in [Kind::Once, Kind::Nonce, Kind::Client].into_iter().flat_map(|kind| ends.map(|end| (kind, end))) {
        let found = get(&*store, kind, &Key::named(end.millis().to_string())).await;
        assert_eq!(found == Lookup::Absent, end.has_passed(NOW), "{kind:?} that ends at {end:?}");
    }
}

pub async fn a_purge_of_many_goes_in_slices_until_nothing_is_left(scratch: &Scratch, open: impl Open) {
    const MANY: u32 = 1_200;
    let store = scratch.open(open).await;
    if store.promises().evicts {
        // A cache forgets by itself.
        return;
    }
    for some in (0..MANY).collect::<Vec<_>>().chunks(100) {
        let codes = some.iter().fold(Batch::new(), |batch, number| batch.with(Operation::Insert(record(Kind::Code, id(*number)))));
        assert_eq!(store.apply(codes).await.unwrap(), Applied::Applied);
    }
    let mut marks = tokio::task::JoinSet::new();
    for number in 0..MANY {
        let kind = if number % 2 == 0 { Kind::Once } else { Kind::Nonce };
        let used = Record { expires_at: NOW, ..record(kind, Key::named(number.to_be_bytes())) };
        let store = store.clone();
        marks.spawn(async move { store.apply(Batch::new().with(Operation::Insert(used))).await.unwrap() });
    }
    assert!(marks.join_all().await.into_iter().all(|applied| applied == Applied::Applied));
    let horizons = [(Kind::Code, RecordId::floor(NOW.plus(Duration::from_millis(MANY.into()))))];
    let first = store.purge(NOW, &horizons).await.unwrap();
    assert!((1..2 * u64::from(MANY)).contains(&first), "{first} at once keeps everybody waiting");
    assert_eq!(first + purge_all(&*store, &horizons).await, 2 * u64::from(MANY));
}
