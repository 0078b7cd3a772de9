//! `kill -9` at many moments: what was acknowledged is there, and nothing is taken twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::Kind;
use keyhook_component::store::{Lookup, Store};

use super::processes::{CRASHER, Player, say};
use super::samples::{code, get, id, record, take};
use super::scratch::{Open, Scratch};

const ROUNDS: usize = 10;
const TASKS: u32 = 16;

/// In every process each task walks over all codes from the first: inserts those that are not there, takes those that are live,
/// together with a token, and tells what it was told, until it is killed.
pub(super) async fn play(store: &Arc<dyn Store>) {
    let next = Arc::new(AtomicU32::new(0));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        running.spawn(async move {
            loop {
                walk(&*store, next.fetch_add(1, Ordering::Relaxed)).await;
            }
        });
    }
    running.join_all().await;
}

async fn walk(store: &dyn Store, number: u32) {
    let insert = Batch::new().with(Operation::Insert(code(number)));
    // A database may keep what a killed process was writing locked for a while: then nothing is said.
    if matches!(store.apply(insert).await, Ok(Applied::Applied)) {
        say(format_args!("inserted {number}"));
    }
    // Every third stays, for the next process to take.
    if let Lookup::Live(found) = get(store, Kind::Code, &id(number)).await
        && !number.is_multiple_of(3)
    {
        let redemption = [take(Kind::Code, &id(number), found.version), Operation::Insert(record(Kind::AccessToken, id(number)))];
        if matches!(store.apply(redemption.into_iter().fold(Batch::new(), Batch::with)).await, Ok(Applied::Applied)) {
            say(format_args!("taken {number}"));
        }
    }
}

pub async fn a_killed_process_loses_nothing_acknowledged_and_takes_nothing_twice(scratch: &Scratch, open: impl Open) {
    let promises = scratch.open(open.clone()).await.promises();
    if !(promises.shared && promises.durable && promises.atomic) {
        return;
    }
    let (mut inserted, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let mut player = Player::start(scratch, CRASHER);
        // Moments that differ from round to round: early, late, between two of a commit's answers.
        let heard: Vec<_> = std::iter::from_fn(|| player.hear()).take(1 + round * round * 37 % 500).collect();
        assert!(!heard.is_empty(), "the child ended by itself");
        for said in heard.into_iter().chain(player.kill()) {
            // A line that the kill cut short says nothing for sure.
            let Some((what, number)) = said.split_once(' ').and_then(|(what, number)| Some((what, number.parse::<u32>().ok()?))) else {
                continue;
            };
            let first = if what == "inserted" { inserted.insert(number) } else { taken.insert(number) };
            assert!(first, "{number} was {what} twice");
        }
        let store = scratch.open(open.clone()).await;
        check(&*store, &inserted, &taken).await;
        store.close().await;
    }
    assert!(taken.len() > ROUNDS);
}

async fn check(store: &dyn Store, inserted: &BTreeSet<u32>, taken: &BTreeSet<u32>) {
    for number in inserted {
        assert!(get(store, Kind::Code, &id(*number)).await != Lookup::Absent, "{number} was acknowledged and is lost");
    }
    for number in taken {
        assert!(matches!(get(store, Kind::Code, &id(*number)).await, Lookup::Spent(_)), "{number} was taken and is live again");
    }
    // Neither half of a batch without the other.
    for number in 0..=inserted.last().copied().unwrap_or_default() {
        let spent = matches!(get(store, Kind::Code, &id(number)).await, Lookup::Spent(_));
        let issued = get(store, Kind::AccessToken, &id(number)).await != Lookup::Absent;
        assert_eq!(spent, issued, "half of the redemption of {number} is there");
    }
}
