//! `kill -9` at random moments under load: what was acknowledged holds, and nothing is issued twice (RFC 6749 §4.1.2, RFC 7009 §2).

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::pair::Pair;

const WORKERS: usize = 6;
/// Codes that each round may redeem.
const CODES: usize = 18;

/// What the clients know for sure, because they were told.
#[derive(Default)]
struct Acknowledged {
    /// Codes that brought tokens.
    redeemed: Vec<String>,
    /// Codes whose answer never came.
    unanswered: Vec<String>,
    /// The latest tokens of families that were not revoked.
    alive: Vec<Tokens>,
    /// Tokens that a 200 said are gone.
    revoked: Vec<Tokens>,
}

/// How often the process is killed: 20 times, or as often as `KEYHOOK_KILLS` says.
fn kills() -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// A number below `bound`.
fn random(bound: usize) -> usize {
    usize::try_from(RandomState::new().hash_one(0) % bound as u64).unwrap()
}

/// Redeems, then refreshes or revokes what came of it, until the server does not answer any more.
fn work(node: &BackChannel, pair: &Pair, codes: &Mutex<Vec<String>>, told: &Mutex<Acknowledged>, answers: &AtomicUsize) {
    let verifier = pair.pkce().verifier;
    loop {
        let Some(code) = codes.lock().unwrap().pop() else { return };
        let Ok(answer) = node.try_post("/token", &BackChannel::code_form(&code, pair.redirect_uri(), &verifier)) else {
            told.lock().unwrap().unanswered.push(code);
            return;
        };
        answers.fetch_add(1, Ordering::SeqCst);
        let tokens = Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        told.lock().unwrap().redeemed.push(code);
        if random(2) == 0 {
            revoke(node, &tokens, told, answers);
        } else {
            refresh(node, tokens, told, answers);
        }
    }
}

fn revoke(node: &BackChannel, tokens: &Tokens, told: &Mutex<Acknowledged>, answers: &AtomicUsize) {
    // Unanswered, it may or may not have happened: then nothing is known.
    if let Ok(answer) = node.try_post("/revoke", &[("token", &tokens.refresh)]) {
        assert_eq!(answer.status, 200, "{}", answer.text());
        answers.fetch_add(1, Ordering::SeqCst);
        told.lock().unwrap().revoked.push(tokens.clone());
    }
}

fn refresh(node: &BackChannel, mut tokens: Tokens, told: &Mutex<Acknowledged>, answers: &AtomicUsize) {
    for _ in 0..3 {
        let Ok(answer) = node.try_post("/token", &[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)]) else {
            // The token may be spent; within the grace it still leads to its successor, so the family must be usable.
            break;
        };
        answers.fetch_add(1, Ordering::SeqCst);
        tokens = Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
    }
    told.lock().unwrap().alive.push(tokens);
}

/// Load until the process is killed, after a random number of answers.
fn round(pair: &mut Pair, codes: Vec<String>) -> Acknowledged {
    let (codes, told, answers) = (Mutex::new(codes), Mutex::new(Acknowledged::default()), AtomicUsize::new(0));
    let enough = 1 + random(CODES * 2);
    let node = &pair.nodes()[0];
    std::thread::scope(|scope| {
        let (pair, codes, told, answers) = (&*pair, &codes, &told, &answers);
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(move || work(node, pair, codes, told, answers))).collect();
        while answers.load(Ordering::SeqCst) < enough && workers.iter().any(|worker| !worker.is_finished()) {
            std::hint::spin_loop();
            std::thread::yield_now();
        }
        pair.server().signal("KILL");
    });
    pair.ended();
    told.into_inner().unwrap()
}

fn check(pair: &Pair, told: &Acknowledged) {
    let node = &pair.nodes()[0];
    for tokens in &told.revoked {
        assert!(!node.is_active(&tokens.access) && !node.is_active(&tokens.refresh), "an acknowledged revocation was lost");
    }
    for tokens in &told.alive {
        assert!(node.is_active(&tokens.access), "an acknowledged token was lost");
        let next = node.refresh(&tokens.refresh);
        assert!(Tokens::of(&next).is_some(), "an acknowledged refresh token was lost: {}", next.text());
    }
    let redeem = |code: &str| node.redeem(code, pair.redirect_uri(), &pair.pkce().verifier);
    for code in &told.unanswered {
        let first = redeem(code);
        assert!(first.status == 200 || first.error() == "invalid_grant", "{} {}", first.status, first.text());
        assert_eq!(redeem(code).error(), "invalid_grant", "redeemed twice");
    }
    for code in &told.redeemed {
        let answer = redeem(code);
        assert_eq!(answer.error(), "invalid_grant", "redeemed twice: {} {}", answer.status, answer.text());
    }
}

#[test]
fn what_was_acknowledged_survives_kill_and_nothing_is_issued_twice() {
    let mut pair = Pair::single("crash", "");
    let mut browser = pair.browser();
    let (mut redeemed, mut unanswered, mut revoked, mut alive) = (0, 0, 0, 0);
    let kills = kills();
    for _ in 0..kills {
        let codes: Vec<_> = (0..CODES).map(|_| pair.code(&mut browser)).collect();
        let told = round(&mut pair, codes);
        let started = Instant::now();
        pair.restart();
        assert!(started.elapsed() <= Duration::from_secs(2), "a start after a crash took {:?}", started.elapsed());
        check(&pair, &told);
        redeemed += told.redeemed.len();
        unanswered += told.unanswered.len();
        revoked += told.revoked.len();
        alive += told.alive.len();
    }
    assert!(redeemed > kills && revoked > 0 && alive > 0 && unanswered > 0, "{redeemed} {unanswered} {revoked} {alive}");
    println!(
        "{kills} kills: {redeemed} acknowledged codes, {unanswered} unanswered, {revoked} revocations, {alive} families: \
         0 double redemptions, 0 lost revocations, 0 lost tokens"
    );
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
