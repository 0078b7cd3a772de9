//! More than the server takes: whoever finds no room is told to come back, and what was accepted is there afterwards (RFC 9110 §15.6.4).
//!
//! `KEYHOOK_OVERLOAD` says for how many seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::binary::pause;
use keyhook_tests::crowd::connect;
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::pair::Pair;
use keyhook_tests::resident::memory_kib;
use keyhook_tests::size::asked;

/// Clients that ask at once, several times the limit.
const CLIENTS: usize = 96;
/// Most that the server may grow by, in KiB.
const MOST: u64 = 64 * 1024;

/// What one client met: a chain of refreshes that was never broken.
struct Chain {
    head: Tokens,
    served: usize,
    put_off: usize,
}

impl Chain {
    /// Asks without a pause. Every answer is a success, or a 503 after which the same token is still good.
    fn go_on(mut self, shop: &BackChannel, ends: &AtomicBool) -> Chain {
        while !ends.load(Ordering::Relaxed) {
            let answer = shop.refresh(&self.head.refresh);
            if let Some(next) = Tokens::of(&answer) {
                (self.head, self.served) = (next, self.served + 1);
                continue;
            }
            assert_eq!((answer.status, answer.error().as_str()), (503, "temporarily_unavailable"), "{}", answer.text());
            let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
            self.put_off += 1;
        }
        self
    }
}

#[test]
fn beyond_the_limit_clients_are_put_off_and_nothing_that_was_accepted_is_lost() {
    let _alone = crate::alone();
    let pair = Pair::single("overload", "[server.limits]\nrequests = 16\n");
    let mut browser = pair.browser();
    let chains: Vec<_> = (0..CLIENTS).map(|_| Chain { head: pair.tokens(&mut browser), served: 0, put_off: 0 }).collect();
    let before = memory_kib(pair.server().pid());
    let ends = AtomicBool::new(false);
    let mut most = before;
    let chains: Vec<Chain> = std::thread::scope(|scope| {
        let shops: Vec<_> = chains.into_iter().map(|chain| (chain, pair.nodes()[0].clone())).collect();
        let running: Vec<_> = shops
            .into_iter()
            .map(|(chain, shop)| {
                scope.spawn(|| {
                    let shop = shop;
                    chain.go_on(&shop, &ends)
                })
            })
            .collect();
        let until = Instant::now() + Duration::from_secs(asked("KEYHOOK_OVERLOAD", 3) as u64);
        while Instant::now() < until {
            most = most.max(memory_kib(pair.server().pid()));
            pause();
        }
        ends.store(true, Ordering::Relaxed);
        running.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let (served, put_off) = chains.iter().fold((0, 0), |(served, off), chain| (served + chain.served, off + chain.put_off));
    assert!(served > 0 && put_off > 0, "{served} served, {put_off} put off: the limit was never met");
    assert!(most - before < MOST, "{} KiB more", most - before);
    // Afterwards everybody is served at once, and every last acknowledged token is there.
    let shop = &pair.nodes()[0];
    let mut lost = 0;
    for chain in &chains {
        lost += usize::from(!shop.is_active(&chain.head.access)) + usize::from(Tokens::of(&shop.refresh(&chain.head.refresh)).is_none());
    }
    assert_eq!(lost, 0, "acknowledged tokens that are not there");
    record(&Figure {
        id: "F13",
        what: "overload: 96 clients at a limit of 16 requests",
        measured: &[
            ("served", served.into()),
            ("put off with 503", put_off.into()),
            ("acknowledged and lost", lost.into()),
            ("server KiB more", (most - before).into()),
        ],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test pressure overload",
        covers_not: "the limit of connections, which has a test without a figure",
    });
}

/// Whoever waits without a word makes room for those who ask.
#[test]
fn when_all_connections_are_taken_those_that_only_wait_make_room() {
    let _alone = crate::alone();
    let pair = Pair::single("crowded", "[server.limits]\nconnections = 16\nheader_timeout = \"5s\"\n");
    let address = pair.browser().address;
    let silent: Vec<_> = (0..40).map(|number| connect(address, number).unwrap()).collect();
    for _ in 0..3 {
        assert_eq!(pair.browser().get("/.well-known/oauth-authorization-server").status, 200);
    }
    drop(silent);
    assert!(!pair.tokens(&mut pair.browser()).access.is_empty(), "and when they are gone all is well");
}
