//! More than ten thousand connections that are held by somebody who means harm: good clients are answered as if they were not there.
//!
//! `KEYHOOK_HELD` says how many, and `KEYHOOK_HELD_SECONDS` for how long. What good clients wait is printed, and never a reason to fail.

use std::time::{Duration, Instant};

use keyhook_tests::binary::pause;
use keyhook_tests::crowd::{Crowd, Hold, hold};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::pair::Pair;
use keyhook_tests::resident::{afford_descriptors, memory_kib};
use keyhook_tests::size::asked;
use keyhook_tests::steady::Steady;

/// Most memory that a connection may cost which only waits, in KiB.
const MOST_PER_CONNECTION: f64 = 32.0;

/// The number of connections, if this machine lets both ends have so many.
fn affordable() -> Option<usize> {
    let count = asked("KEYHOOK_HELD", 10_200);
    match afford_descriptors(count as u64 * 5 / 4 + 1000) {
        Ok(()) => Some(count),
        Err(reason) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "SKIPPED: {count} connections cannot be held: {reason}");
            None
        }
    }
}

#[test]
fn good_clients_are_answered_beside_thousands_who_hold_connections_in_every_way() {
    let _alone = crate::alone();
    let Some(count) = affordable() else { return };
    let pair = Pair::single("held", "");
    let (address, host) = (pair.browser().address, pair.browser().host);
    let before = memory_kib(pair.server().pid());
    let crowd = Crowd::gather(count, address, &host);
    // Those that are too slow are let go meanwhile and come again, so the last few are always on their way. A machine that is busy
    // with other things may never see all of them at once; the figure says how many there were.
    let patience = Instant::now() + Duration::from_secs(20);
    while crowd.held() < count * 19 / 20 && Instant::now() < patience {
        pause();
    }
    let steady = Steady::on(&pair);
    let (until, mut fewest) = (Instant::now() + Duration::from_secs(asked("KEYHOOK_HELD_SECONDS", 5) as u64), usize::MAX);
    while Instant::now() < until {
        fewest = fewest.min(crowd.held());
        pause();
    }
    let waits = steady.end();
    let after = memory_kib(pair.server().pid());
    let opened = crowd.leave();
    waits.assert_good("beside held connections");
    record(&Figure {
        id: "F13",
        what: "held in six ways at once: silence, slow heads, slow bodies, unread answers, kept alive, HTTP/2 without a window",
        measured: &[
            ("held throughout", fewest.into()),
            ("opened", opened.into()),
            ("good requests", waits.times.len().into()),
            ("failed", waits.failures.len().into()),
            ("p50 ms", waits.within(500).into()),
            ("p99 ms", waits.within(990).into()),
            ("server MiB more", ((after.saturating_sub(before)) / 1024).into()),
        ],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test pressure slow_clients",
        covers_not: "TLS; both ends share the machine, so the waits are those of the clients, too",
    });
}

/// What waits costs little: the head start of whoever opens connections must not be the server's memory.
#[test]
fn a_connection_that_only_waits_costs_no_more_than_32_kib() {
    let _alone = crate::alone();
    let Some(count) = affordable() else { return };
    let pair = Pair::single("idle", "");
    let (address, host) = (pair.browser().address, pair.browser().host);
    let resident = || memory_kib(pair.server().pid());
    let before = resident();
    let held: Vec<_> = (0..count).map(|number| hold(Hold::KeptAlive, address, &host, number).unwrap()).collect();
    let each = (resident().saturating_sub(before)) as f64 / held.len() as f64;
    assert!(each <= MOST_PER_CONNECTION, "{each} KiB each");
    record(&Figure {
        id: "F13",
        what: "memory of connections that had one answer and wait",
        measured: &[("connections", held.len().into()), ("KiB each", ((each * 10.0).round() / 10.0).into())],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test pressure slow_clients",
        covers_not: "TLS; buffers of the kernel",
    });
}
