//! Many threads, two processes, one database: a code or refresh token has one winner (RFC 6749 §4.1.2, RFC 9700 §4.14).

use std::collections::BTreeSet;
use std::sync::Barrier;

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::binary::{Server, pause};
use keyhook_tests::http::Answer;
use keyhook_tests::pair::Pair;

const THREADS: usize = 64;

/// How many races a test runs: `few`, or as many as `KEYHOOK_RACES` says.
fn races(few: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// Sends one form from every thread at the same moment, half of them to each process.
fn race(nodes: &[BackChannel; 2], path: &str, form: &[(&str, &str)]) -> Vec<Answer> {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..THREADS)
            .map(|index| {
                let (node, barrier) = (&nodes[index % 2], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    node.try_post(path, form).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

/// Waits until no process calls the token active: at once on the node that revoked, within a second on the other.
fn dead_within_a_second(nodes: &[BackChannel; 2], token: &str) -> bool {
    (0..100).any(|_| {
        let dead = nodes.iter().all(|node| !node.is_active(token));
        if !dead {
            pause();
        }
        dead
    })
}

fn invalid_grant(answer: &Answer) -> bool {
    answer.status == 400 && answer.error() == "invalid_grant"
}

/// RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request and SHOULD
/// revoke … all tokens previously issued based on that authorization code."
#[test]
fn one_code_has_one_winner_among_threads_and_processes_and_the_others_end_its_family() {
    let pair = Pair::start("race-codes", "");
    let nodes = pair.nodes();
    let mut browser = pair.browser();
    for _ in 0..races(8) {
        let code = pair.code(&mut browser);
        let answers = race(&nodes, "/token", &BackChannel::code_form(&code, pair.redirect_uri(), &pair.pkce().verifier));
        let winners: Vec<_> = answers.iter().filter_map(Tokens::of).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(answers.iter().filter(|answer| invalid_grant(answer)).count(), THREADS - 1, "{:?}", statuses(&answers));
        assert!(dead_within_a_second(&nodes, &winners[0].access) && dead_within_a_second(&nodes, &winners[0].refresh));
    }
}

/// RFC 9700 §4.14.2: within the grace everybody gets the same successor, so the family has one head.
#[test]
fn one_refresh_token_has_one_successor_among_threads_and_processes() {
    let pair = Pair::start("race-refresh", "");
    let nodes = pair.nodes();
    let mut head = pair.tokens(&mut pair.browser());
    for _ in 0..races(8) {
        let answers = race(&nodes, "/token", &[("grant_type", "refresh_token"), ("refresh_token", &head.refresh)]);
        let given: Vec<_> = answers.iter().filter_map(Tokens::of).collect();
        assert!(!given.is_empty() && answers.iter().all(|answer| answer.status == 200 || answer.status == 503), "{:?}", statuses(&answers));
        let heads: BTreeSet<_> = given.iter().map(|tokens| tokens.refresh.as_str()).collect();
        assert_eq!(heads.len(), 1);
        assert!(!nodes[0].is_active(&head.refresh) || dead_within_a_second(&nodes, &head.refresh));
        assert!(nodes.iter().all(|node| node.is_active(&given[0].refresh)));
        head = given[0].clone();
    }
}

/// Without a grace the second use is a replay, and then nobody has anything.
#[test]
fn without_a_grace_a_race_for_a_refresh_token_leaves_nothing_alive() {
    let pair = Pair::start("race-strict", "[tokens]\nrefresh_grace = \"0s\"\n");
    let nodes = pair.nodes();
    let mut browser = pair.browser();
    for _ in 0..races(4) {
        let head = pair.tokens(&mut browser);
        let answers = race(&nodes, "/token", &[("grant_type", "refresh_token"), ("refresh_token", &head.refresh)]);
        let winners: Vec<_> = answers.iter().filter_map(Tokens::of).collect();
        assert!(winners.len() <= 1, "{:?}", statuses(&answers));
        assert!(answers.iter().all(|answer| answer.status == 200 || invalid_grant(answer)), "{:?}", statuses(&answers));
        for tokens in winners.iter().chain([&head]) {
            assert!(dead_within_a_second(&nodes, &tokens.access) && dead_within_a_second(&nodes, &tokens.refresh));
        }
    }
}

/// RFC 7009 §2.1: a token that slips in beside a revocation is dead at birth.
#[test]
fn no_token_outlives_a_revocation_that_races_with_refreshes() {
    let pair = Pair::start("race-revoke", "");
    let nodes = pair.nodes();
    let mut browser = pair.browser();
    for _ in 0..races(6) {
        let head = pair.tokens(&mut browser);
        let barrier = Barrier::new(16);
        let given: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16)
                .map(|index| {
                    let (node, head, barrier) = (&nodes[index % 2], &head, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        if index == 7 {
                            assert_eq!(node.revoke(&head.refresh).status, 200);
                            return None;
                        }
                        Tokens::of(&node.refresh(&head.refresh))
                    })
                })
                .collect();
            racers.into_iter().filter_map(|racer| racer.join().unwrap()).collect()
        });
        for tokens in given.iter().chain([&head]) {
            assert!(dead_within_a_second(&nodes, &tokens.access) && dead_within_a_second(&nodes, &tokens.refresh));
            assert!(nodes.iter().all(|node| invalid_grant(&node.refresh(&tokens.refresh))));
        }
    }
}

/// What one process revokes the other one refuses within a second.
#[test]
fn a_revocation_reaches_the_other_process() {
    let pair = Pair::start("race-visible", "");
    let nodes = pair.nodes();
    let mut browser = pair.browser();
    for _ in 0..races(5) {
        let tokens = pair.tokens(&mut browser);
        assert!(nodes.iter().all(|node| node.is_active(&tokens.access)), "both know what one of them issued");
        assert_eq!(nodes[0].revoke(&tokens.refresh).status, 200);
        assert!(!nodes[0].is_active(&tokens.access), "at once where it was revoked");
        assert!(dead_within_a_second(&nodes, &tokens.access));
    }
}

/// The two processes end by themselves when they are asked to, and neither has panicked.
#[test]
fn two_processes_on_one_database_stop_cleanly() {
    let pair = Pair::start("race-stop", "");
    pair.tokens(&mut pair.browser());
    for server in pair.into_servers() {
        assert!(!server.log().contains("panicked"), "{}", server.log());
        assert_eq!(Server::stop(server), Some(0));
    }
}

fn statuses(answers: &[Answer]) -> Vec<(u16, String)> {
    answers
        .iter()
        .map(|answer| (answer.status, answer.text()))
        .filter(|(status, text)| *status != 200 && !text.contains("invalid_grant"))
        .collect()
}
