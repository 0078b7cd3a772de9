//! The process ends at named places of its code: before, in and after a commit, a checkpoint, a migration, the making of a key.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use keyhook_tests::binary::{self, pause};
use keyhook_tests::crash::{Checked, Manner, check, load, random};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

const CODES: usize = 12;

/// Where a commit can be cut.
const COMMIT: [&str; 4] = ["sqlite.before_begin", "sqlite.between_statements", "sqlite.before_commit", "sqlite.after_commit"];

/// How often each point is reached: 3 times, or as often as `KEYHOOK_FAIL_POINTS` says.
fn rounds() -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_FAIL_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

fn choose() {
    binary::choose(Path::new(env!("CARGO_BIN_EXE_keyhook-fail-points")));
}

/// A life that ends at the point; `false` if it was never reached.
fn life(pair: &mut Pair, point: &str, codes: Vec<String>) -> (Checked, bool) {
    pair.restart_with(&[("FAIL_POINT", point)]);
    let told = load(&pair.site(), Manner::Dies, codes, |_, done| {
        while !done() {
            pause();
        }
    });
    // Whoever lives still is at its checkpoint when it stops.
    pair.server().signal("TERM");
    let reached = pair.ended().is_none();
    let started = Instant::now();
    pair.restart();
    assert!(started.elapsed() <= Duration::from_secs(2), "a start after a crash took {:?}", started.elapsed());
    (check(&pair.site(), Manner::Dies, told), reached)
}

fn stop(pair: &mut Pair) {
    pair.server().signal("TERM");
    pair.ended();
}

#[test]
fn a_process_that_ends_in_a_commit_or_a_checkpoint_leaves_all_or_nothing() {
    choose();
    let mut pair = Pair::single("fail-points", "");
    let mut browser = pair.browser();
    let (mut checked, mut reached) = (Checked::default(), 0);
    for _ in 0..rounds() {
        for point in COMMIT.into_iter().chain(["sqlite.before_checkpoint", "sqlite.after_checkpoint"]) {
            let codes: Vec<_> = (0..CODES).map(|_| pair.code(&mut browser)).collect();
            stop(&mut pair);
            // A checkpoint comes once, when the process stops.
            let count = if COMMIT.contains(&point) { 1 + random(6) } else { 1 };
            let (found, here) = life(&mut pair, &format!("{point}:{count}"), codes);
            assert!(here, "{point} was not reached {count} times");
            checked += found;
            reached += 1;
        }
    }
    assert!(checked.unanswered > 0 && checked.alive + checked.revoked > 0, "{checked:?}");
    report("the process ends before, in and after a commit or a checkpoint under load", reached, checked);
}

/// Runs a command that ends at a point.
fn cut(folder: &Path, point: &str, arguments: &[&str]) -> Output {
    Command::new(binary::path()).args(arguments).current_dir(folder).env("FAIL_POINT", point).output().unwrap()
}

#[test]
fn a_process_that_ends_in_a_migration_leaves_an_empty_file_that_the_next_one_fills() {
    choose();
    let mut reached = 0;
    for point in ["sqlite.in_migration", "sqlite.before_migration_commit"] {
        let production = Production::new("fail-migration", "");
        assert!(cut(production.path(), point, &["serve"]).status.code().is_none(), "{point} was not reached");
        let pair = Pair::single_in(production);
        let node = &pair.nodes()[0];
        assert!(node.is_active(&pair.tokens(&mut pair.browser()).access));
        reached += 1;
    }
    report("the process ends in a migration", reached, Checked::default());
}

/// A process that is ended while it takes over leaves the one before it as it was.
#[test]
fn a_process_that_ends_while_it_takes_over_leaves_the_one_before_it_serving() {
    choose();
    let mut reached = 0;
    for point in ["succession.sockets_taken", "succession.before_the_word"] {
        let mut pair = Pair::single("fail-succession", "");
        let tokens = pair.tokens(&mut pair.browser());
        stop(&mut pair);
        // The variable is the successor's too; the first process takes over from nobody and never comes by.
        pair.restart_with(&[("FAIL_POINT", point)]);
        let output = pair.production.run(&["restart"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("KH0173") && text.contains("signal"), "{text}");
        for _ in 0..10 {
            assert!(pair.nodes()[0].is_active(&tokens.access), "who ran before serves on");
        }
        pair.server().signal("TERM");
        assert_eq!(pair.ended(), Some(0));
        reached += 1;
    }
    report("the process ends while it takes over from another", reached, Checked::default());
}

/// What is half written must neither be taken for a key nor keep the name from the next attempt.
#[test]
fn a_process_that_ends_while_it_makes_a_key_leaves_no_half_key() {
    choose();
    let mut reached = 0;
    for (verb, point) in [("generate", "keys.before_write"), ("rotate", "keys.before_write"), ("rotate", "keys.before_sync")] {
        let production = Production::new("fail-key", "");
        let path = production.path().join("master-2.key");
        let file = path.to_str().unwrap();
        assert!(cut(production.path(), point, &["key", verb, file]).status.code().is_none(), "{point} was not reached");
        assert!(!path.exists(), "half a key has a name");
        binary::stdout(production.path(), &["key", verb, file]);
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim().len(), 64);
        reached += 1;
    }
    report("the process ends while it makes a key", reached, Checked::default());
}

fn report(what: &str, reached: usize, checked: Checked) {
    record(&Figure {
        id: "F3",
        what,
        measured: &checked.measured(reached),
        accumulates: true,
        command: "KEYHOOK_FAIL_POINTS=20 cargo test -p keyhook-tests --features fail-points --test fail_points",
        covers_not: "a power failure: the page cache survives the end of a process",
    });
}
