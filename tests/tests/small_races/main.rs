//! Races in the small: thousands of codes, refresh tokens, consents and single records at once, several callers for each, in one
//! process over every store present. One wins, or the family ends (RFC 6749 §4.1.2, §10.5; RFC 9700 §4.14).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Barrier};

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_core::Timestamp;
use keyhook_core::id::RecordId;
use keyhook_tests::back_channel::Tokens;
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::flow::{self, Form};
use keyhook_tests::stage::ALICE;

use crate::world::World;

const STORES: [&str; 2] = ["memory:", "sqlite:races.db"];

/// Who races for one thing.
const RACERS: usize = 4;

/// Things that are raced for at the same time.
const AT_ONCE: usize = 250;

/// How many races of a kind over each store: `few`, or as many as `KEYHOOK_SMALL_RACES` says.
fn races(few: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_SMALL_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

/// Runs a batch of races until so many are run, on a runtime with several threads.
fn in_batches<F: Future<Output = ()>>(count: usize, batch: impl Fn(usize) -> F) {
    runtime().block_on(async {
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            batch(now).await;
            left -= now;
        }
    });
}

/// Lets every racer do the same with each thing; all that are raced for at once are begun before any is waited for. Gives what
/// each was told, thing by thing.
async fn race<T: Clone + Send + 'static, A: Send + 'static, F>(things: &[T], run: impl Fn(T, usize) -> F) -> Vec<Vec<A>>
where
    F: Future<Output = A> + Send + 'static,
{
    let mut running = Vec::with_capacity(RACERS * things.len());
    for racer in 0..RACERS {
        running.extend(things.iter().map(|thing| tokio::spawn(run(thing.clone(), racer))));
    }
    let mut told: Vec<Vec<A>> = things.iter().map(|_| Vec::with_capacity(RACERS)).collect();
    for (index, task) in running.into_iter().enumerate() {
        told[index % things.len()].push(task.await.unwrap());
    }
    told
}

fn report(what: &str, store: &str, races: usize) {
    record(&Figure {
        id: "F2",
        what: &format!("{what} over {}", store.trim_end_matches(|c| c != ':').trim_end_matches(':')),
        measured: &[
            ("races", races.into()),
            ("callers", (races * RACERS).into()),
            ("races with more than one winner", 0.into()),
            ("families with more than one head", 0.into()),
        ],
        accumulates: true,
        command: "KEYHOOK_SMALL_RACES=200000 cargo test -p keyhook-tests --test small_races",
        covers_not: "races among processes (black_box races::); device codes and request tokens, which do not exist yet",
    });
}

#[test]
fn of_all_who_redeem_a_code_one_wins_and_its_family_ends() {
    let count = races(1500);
    for store in STORES {
        let world = World::new(store, "10s");
        in_batches(count, async |now| {
            let codes = world.codes(now).await;
            for told in race(&codes, |code, _| redeem(world.clone(), code)).await {
                let winners: Vec<_> = told.iter().filter_map(|answer| answer.as_ref().ok()).collect();
                assert_eq!(winners.len(), 1, "{told:?}");
                assert!(told.iter().all(|answer| answer.is_ok() || *answer == Err("invalid_grant")), "{told:?}");
                assert!(world.dead(winners[0]).await, "a replay ends what came from the code");
            }
        });
        report("codes", store, count);
    }
}

async fn redeem(world: World, code: String) -> Result<Tokens, &'static str> {
    world.redeem(code).await
}

async fn refresh(world: World, token: String) -> Result<Tokens, &'static str> {
    world.refresh(token).await
}

/// The tokens of so many new families.
async fn families(world: &World, count: usize) -> Vec<Tokens> {
    let mut all = Vec::with_capacity(count);
    for code in world.codes(count).await {
        all.push(world.redeem(code).await.unwrap());
    }
    all
}

fn heads(tokens: &[Tokens]) -> Vec<String> {
    tokens.iter().map(|tokens| tokens.refresh.clone()).collect()
}

#[test]
fn all_who_refresh_within_the_grace_get_one_successor_and_no_family_forks() {
    let count = races(1500);
    for store in STORES {
        let world = World::new(store, "10s");
        let mut tokens = runtime().block_on(families(&world, AT_ONCE.min(count)));
        runtime().block_on(async {
            let mut left = count;
            while left > 0 {
                let raced = left.min(tokens.len());
                world.stage.advance(std::time::Duration::from_millis(7));
                let told = race(&heads(&tokens[..raced]), |token, _| refresh(world.clone(), token)).await;
                for (tokens, told) in tokens.iter_mut().zip(told) {
                    let successors: BTreeSet<_> = told.iter().map(|answer| answer.as_ref().unwrap().refresh.clone()).collect();
                    assert_eq!(successors.len(), 1, "a family has two heads");
                    *tokens = told.into_iter().next().unwrap().unwrap();
                }
                left -= raced;
            }
            assert_eq!(world.heads().await, tokens.len(), "each family has one live refresh token");
        });
        report("refresh tokens within the grace", store, count);
    }
}

#[test]
fn without_a_grace_a_race_for_a_refresh_token_leaves_nothing_alive() {
    let count = races(1000);
    for store in STORES {
        let world = World::new(store, "0s");
        in_batches(count, async |now| {
            let tokens = families(&world, now).await;
            for (before, told) in tokens.iter().zip(race(&heads(&tokens), |token, _| refresh(world.clone(), token)).await) {
                let winners: Vec<_> = told.iter().filter_map(|answer| answer.as_ref().ok()).collect();
                assert!(winners.len() <= 1, "{told:?}");
                for tokens in winners.into_iter().chain([before]) {
                    assert!(world.dead(tokens).await, "somebody lives on");
                }
            }
        });
        report("refresh tokens without a grace", store, count);
    }
}

/// RFC 7009 §2.1: what slips in beside a revocation is dead at birth.
#[test]
fn no_token_outlives_a_revocation_that_races_with_refreshes() {
    let count = races(1000);
    for store in STORES {
        let world = World::new(store, "10s");
        in_batches(count, async |now| {
            let tokens = families(&world, now).await;
            let heads = heads(&tokens);
            let told = race(&heads, |token, racer| {
                let world = world.clone();
                async move {
                    if racer == RACERS / 2 {
                        world.revoke(token).await;
                        return None;
                    }
                    world.refresh(token).await.ok()
                }
            });
            for (before, told) in tokens.iter().zip(told.await) {
                for tokens in told.iter().flatten().chain([before]) {
                    assert!(world.dead(tokens).await, "a token outlives the revocation");
                }
            }
        });
        report("revocations beside refreshes", store, count);
    }
}

/// A form of the consent page that is sent several times makes one code.
#[test]
fn of_all_answers_to_one_consent_page_one_makes_a_code() {
    let count = races(40).min(2000);
    for store in STORES {
        let world = World::new(store, "10s");
        let mut browser = world.stage.client();
        flow::code(&mut browser, &world.stage.ask(), ALICE);
        for _ in 0..count {
            let first = browser.get(&format!("{}&prompt=consent", world.stage.ask().path()));
            let page = flow::follow(&mut browser, first).text();
            let form = Form::with_field(&page, "decision");
            let start = Barrier::new(RACERS);
            let codes: Vec<_> = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..RACERS)
                    .map(|_| {
                        let (mut browser, form, start) = (browser.clone(), &form, &start);
                        scope.spawn(move || {
                            start.wait();
                            browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("code")
                        })
                    })
                    .collect();
                racers.into_iter().filter_map(|racer| racer.join().unwrap()).collect()
            });
            assert_eq!(codes.len(), 1, "{codes:?}");
        }
        report("answers to one consent page", store, count);
    }
}

/// The verbs below everything: a nonce is inserted once, a session is replaced once a version, a record is taken once.
#[test]
fn of_all_who_write_one_record_one_does() {
    let count = races(20_000);
    for store in STORES {
        let world = World::new(store, "10s");
        let store_below = world.store();
        let numbers = std::sync::atomic::AtomicU32::new(0);
        in_batches(count, async |now| {
            let kinds = [Kind::Nonce, Kind::Session, Kind::Interaction];
            let next = |index: usize| (kinds[index % 3], numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            let things: Vec<_> = (0..now).map(next).collect();
            for (kind, number) in things.iter().filter(|(kind, _)| *kind != Kind::Nonce) {
                let applied = store_below.apply(Batch::new().with(Operation::Insert(sample(*kind, *number)))).await.unwrap();
                assert_eq!(applied, Applied::Applied);
            }
            let told = race(&things, |(kind, number), _| {
                let store = Arc::clone(&store_below);
                async move { store.apply(Batch::new().with(write(kind, number))).await.unwrap() }
            });
            for ((kind, _), told) in things.iter().zip(told.await) {
                let lost = match kind {
                    Kind::Nonce => Why::Exists,
                    Kind::Session => Why::Changed,
                    _ => Why::Spent,
                };
                let losers = told.iter().filter(|told| **told == Applied::Refused { operation: 0, why: lost }).count();
                let winners = told.iter().filter(|told| **told == Applied::Applied).count();
                assert_eq!((winners, losers), (1, RACERS - 1), "{kind:?}: {told:?}");
            }
        });
        report("nonces, sessions and interactions as records", store, count);
    }
}

fn key(kind: Kind, number: u32) -> Key {
    if kind == Kind::Nonce { Key::named(format!("nonce {number}")) } else { Key::Issued(RecordId::new(moment(), number)) }
}

const fn moment() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn sample(kind: Kind, number: u32) -> Record {
    Record {
        kind,
        key: key(kind, number),
        grant: RecordId::new(moment(), 1),
        client: None,
        subject: None,
        expires_at: Timestamp::MAX,
        version: 0,
        state: State::Live,
        body: b"{}".to_vec(),
    }
}

fn write(kind: Kind, number: u32) -> Operation {
    match kind {
        Kind::Nonce => Operation::Insert(sample(kind, number)),
        Kind::Session => Operation::Replace(sample(kind, number)),
        _ => Operation::Take { kind, key: key(kind, number), version: 0, body: None },
    }
}
