//! `kill -9` at random moments under load: what was acknowledged holds, and nothing is issued twice (RFC 6749 §4.1.2, RFC 7009 §2).

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::crash::{Checked, Manner, check, load, random};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::pair::Pair;

/// Codes that each round may redeem.
const CODES: usize = 18;

/// After so many kills the figure is noted, and a new folder begins.
const STRETCH: usize = 250;

/// How often the process is killed: 20 times, or as often as `KEYHOOK_KILLS` says.
fn kills() -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// One life: load, and after a random number of answers and a random moment more the end. Gives what was checked after the next
/// start, and how long that took.
fn round(pair: &mut Pair, codes: Vec<String>) -> (Checked, Duration) {
    let (enough, spins) = (1 + random(CODES * 3), random(200_000));
    let server = pair.server();
    let told = load(&pair.site(), Manner::Dies, codes, |answers, done| {
        while answers.load(Ordering::SeqCst) < enough && !done() {
            std::thread::yield_now();
        }
        (0..spins).for_each(|_| std::hint::spin_loop());
        server.signal("KILL");
    });
    pair.ended();
    let started = Instant::now();
    pair.restart();
    let took = started.elapsed();
    assert!(took <= Duration::from_secs(2), "a start after a crash took {took:?}");
    (check(&pair.site(), Manner::Dies, told), took)
}

fn stretch(kills: usize) {
    let mut pair = Pair::single("crash", "");
    let mut browser = pair.browser();
    let (mut checked, mut longest) = (Checked::default(), Duration::ZERO);
    for _ in 0..kills {
        let codes: Vec<_> = (0..CODES).map(|_| pair.code(&mut browser)).collect();
        let (found, took) = round(&mut pair, codes);
        checked += found;
        longest = longest.max(took);
    }
    assert!(checked.redeemed > kills && checked.revoked > 0 && checked.alive > 0 && checked.unanswered > 0, "{checked:?}");
    let mut measured = checked.measured(kills);
    measured.push(("longest start, s", longest.as_secs_f64().into()));
    record(&Figure {
        id: "F3",
        what: "kill -9 at random moments under load of redemptions, refreshes and revocations",
        measured: &measured,
        accumulates: true,
        command: "KEYHOOK_KILLS=250 cargo test -p keyhook-tests --test black_box crash::",
        covers_not: "a power failure: the page cache survives a kill; two processes on one file",
    });
}

#[test]
fn what_was_acknowledged_survives_kill_and_nothing_is_issued_twice() {
    let mut left = kills();
    while left > 0 {
        let now = left.min(STRETCH);
        stretch(now);
        left -= now;
    }
}

/// A restart signs nobody out, forgets no consent and brings nothing revoked back.
#[test]
fn sessions_consent_and_revocations_survive_a_restart() {
    let mut pair = Pair::single("restart", "");
    let mut browser = pair.browser();
    let (kept, revoked) = (pair.tokens(&mut browser), pair.tokens(&mut browser));
    let replayed = pair.code(&mut browser);
    let stolen = Tokens::of(&pair.nodes()[0].redeem(&replayed, pair.redirect_uri(), &pair.pkce().verifier)).unwrap();
    assert_eq!(pair.nodes()[0].revoke(&revoked.refresh).status, 200);
    assert_eq!(pair.nodes()[0].redeem(&replayed, pair.redirect_uri(), &pair.pkce().verifier).error(), "invalid_grant");
    for signal in ["TERM", "KILL"] {
        pair.server().signal(signal);
        pair.ended();
        pair.restart();
        let node = &pair.nodes()[0];
        assert!(node.is_active(&kept.access) && node.is_active(&kept.refresh));
        for dead in [&revoked, &stolen] {
            assert!(!node.is_active(&dead.access) && !node.is_active(&dead.refresh));
            assert_eq!(node.refresh(&dead.refresh).error(), "invalid_grant");
        }
        assert_eq!(node.redeem(&replayed, pair.redirect_uri(), &pair.pkce().verifier).error(), "invalid_grant");
        assert!(browser.get(&pair.ask().path()).location_parameter("code").is_some(), "signed in and consented still");
    }
}
