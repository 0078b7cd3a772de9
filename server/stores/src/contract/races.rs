//! One winner among many callers.

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::store::Store;
use tokio::sync::Barrier;

use super::samples::{code, id, insert, record, refused, take};
use super::scratch::{Open, Scratch};

const RACERS: usize = 64;

/// Lets 64 tasks apply the same at once; says what each was told.
async fn race(store: &Arc<dyn Store>, operation: impl Fn(usize) -> Operation) -> Vec<Applied> {
    let start = Arc::new(Barrier::new(RACERS));
    let mut running = tokio::task::JoinSet::new();
    for racer in 0..RACERS {
        let (store, start, operation) = (Arc::clone(store), Arc::clone(&start), operation(racer));
        running.spawn(async move {
            start.wait().await;
            store.apply(Batch::new().with(operation)).await.unwrap()
        });
    }
    running.join_all().await
}

#[track_caller]
fn assert_one_winner(told: &[Applied], loser: Why) {
    let winners = told.iter().filter(|applied| **applied == Applied::Applied).count();
    let losers = told.iter().filter(|applied| **applied == refused(0, loser)).count();
    assert_eq!((winners, losers), (1, RACERS - 1));
}

/// How many races are run: a few, or as many as `KEYHOOK_RACES` says.
#[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
pub(super) fn races(few: u32) -> u32 {
    std::env::var("KEYHOOK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// RFC 6749 §4.1.2: a code MUST NOT be used more than once.
pub async fn one_of_64_tasks_takes_a_record(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let races = races(100);
    for round in 0..races {
        insert(&*store, code(round)).await;
        assert_one_winner(&race(&store, |_| take(Kind::Code, &id(round), 0)).await, Why::Spent);
    }
    println!("{races} races of {RACERS} for a record, one winner each");
}

pub async fn one_of_64_tasks_inserts_a_key(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    for round in 0..20 {
        let nonce = record(Kind::Once, Key::named(format!("nonce {round}")));
        assert_one_winner(&race(&store, |_| Operation::Insert(nonce.clone())).await, Why::Exists);
    }
}

pub async fn of_64_replacements_of_one_version_one_is_applied(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    let key = record(Kind::SigningKey, Key::named("k1"));
    insert(&*store, key.clone()).await;
    for version in 0..20 {
        let told =
            race(&store, |racer| Operation::Replace(Record { version, body: vec![u8::try_from(racer).unwrap()], ..key.clone() })).await;
        assert_one_winner(&told, Why::Changed);
    }
}
