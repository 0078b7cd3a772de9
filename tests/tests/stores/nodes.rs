//! Two nodes behind one database.

use std::time::{Duration, Instant};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::binary::pause;
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::pair::Pair;

use crate::database::{Database, Sort};

/// How many races over each database: few, or as many as `KEYHOOK_RACES` says.
fn races() -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_flow_that_began_on_one_node_ends_on_the_other() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let pair = Pair::shared("nodes", &database.url());
        let code = pair.code(&mut pair.browser());
        let [first, second] = pair.nodes();
        let answer = second.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
        let tokens = Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        assert!(first.is_active(&tokens.access));
        let refreshed = first.refresh(&tokens.refresh);
        assert!(Tokens::of(&refreshed).is_some(), "{}", refreshed.text());
    }
}

/// RFC 7009 §2.1: a revocation is effective on every node; the cache of another one is a second old at most.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_revocation_on_one_node_is_seen_by_the_other_within_a_second() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let pair = Pair::shared("revoked", &database.url());
        let tokens = pair.tokens(&mut pair.browser());
        let [first, second] = pair.nodes();
        assert!(second.is_active(&tokens.access));
        assert_eq!(first.revoke(&tokens.refresh).status, 200);
        #[allow(clippy::disallowed_methods, reason = "what is measured is the time that passes between two processes")]
        let begin = Instant::now();
        while second.is_active(&tokens.access) {
            // A second, and what a busy machine adds to two requests.
            assert!(begin.elapsed() < Duration::from_secs(3), "the other node still believes its cache");
            pause();
        }
    }
}

/// RFC 6749 §4.1.2: a code MUST NOT be used more than once, whichever node is asked.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn of_all_who_redeem_a_code_at_two_nodes_one_is_served() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let pair = Pair::shared("races", &database.url());
        let mut browser = pair.browser();
        let verifier = pair.pkce().verifier;
        for _ in 0..races() {
            let code = pair.code(&mut browser);
            let callers: Vec<_> = pair.nodes().into_iter().cycle().take(4).collect();
            let answers: Vec<_> = std::thread::scope(|scope| {
                let running: Vec<_> =
                    callers.iter().map(|node| scope.spawn(|| node.redeem(&code, pair.redirect_uri(), &verifier))).collect();
                running.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            let winners = answers.iter().filter(|answer| Tokens::of(answer).is_some()).count();
            let told: Vec<_> = answers.iter().map(|answer| (answer.status, answer.text())).collect();
            assert_eq!(winners, 1, "{told:?}");
        }
        record(&Figure {
            id: "F2",
            what: &format!("codes redeemed at two nodes over {}", if sort == Sort::Postgres { "PostgreSQL" } else { "MariaDB" }),
            measured: &[("races", races().into()), ("callers", (4 * races()).into()), ("races with more than one winner", 0.into())],
            accumulates: true,
            command: "KEYHOOK_RACES=100000 ./runtests.sh stores",
            covers_not: "networks that lose packets; replicas that take over",
        });
    }
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_node_that_is_killed_loses_nothing_that_it_acknowledged() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let mut pair = Pair::shared("killed", &database.url());
        let mut browser = pair.browser();
        let code = pair.code(&mut browser);
        let tokens = pair.tokens(&mut browser);
        pair.kill_first();
        let [_, second] = pair.nodes();
        assert!(second.is_active(&tokens.access));
        let answer = second.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
        assert!(Tokens::of(&answer).is_some(), "{} {}", answer.status, answer.text());
    }
}
