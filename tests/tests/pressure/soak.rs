//! The server at work for as long as somebody likes: nothing fails, and neither memory nor descriptors grow.
//!
//! `KEYHOOK_SOAK` says for how many seconds. From five minutes on, growth is a failure; before that, what was warming up would be one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keyhook_tests::binary::pause;
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::load::Load;
use keyhook_tests::pair::Pair;
use keyhook_tests::resident::{descriptors, memory_kib};
use keyhook_tests::size::asked;

/// Samples in a run.
const SAMPLES: u32 = 60;
/// Seconds from which on growth counts.
const WARM: usize = 300;
/// Most that memory may grow by in the last third, in KiB a minute.
const MOST_PER_MINUTE: f64 = 1024.0;

/// How much the number of descriptors changes by itself, as connections come and go.
const SPREAD: f64 = 8.0;

/// Slope of the least squares line through values at equal distances, per step.
fn slope(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let (mut above, mut below) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let distance = at as f64 - middle;
        above += distance * (value - mean);
        below += distance * distance;
    }
    above / below
}

/// Whole flows, each in a browser of its own: sign-in, consent, code, tokens, revocation. How many there were.
fn flows(pair: &Pair, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let tokens = pair.tokens(&mut pair.browser());
        assert_eq!(pair.nodes()[0].revoke(&tokens.refresh).status, 200);
        count += 1;
    }
    count
}

#[test]
fn nothing_fails_and_nothing_grows_while_the_server_works() {
    let _alone = crate::alone();
    let seconds = asked("KEYHOOK_SOAK", 4);
    // A small cache is soon full, so what grows afterwards grows for good.
    let pair = Pair::single("soak", "[store]\nurl = \"sqlite:keyhook.db\"\ncache = 1000\n");
    let pid = pair.server().pid();
    let (load, pace) = (Load::on(&pair), Duration::from_secs(seconds as u64) / SAMPLES);
    let (started, mut memory, mut open) = (Instant::now(), Vec::new(), Vec::new());
    let stop = AtomicBool::new(false);
    let flows = std::thread::scope(|scope| {
        let flows = scope.spawn(|| flows(&pair, &stop));
        for sample in 1..=SAMPLES {
            while started.elapsed() < pace * sample {
                pause();
            }
            memory.push(memory_kib(pid) as f64);
            open.push(descriptors(pid) as f64);
        }
        stop.store(true, Ordering::Relaxed);
        flows.join().unwrap()
    });
    let took = started.elapsed();
    let tally = load.end();
    assert!(tally.failures.is_empty(), "{:?}", &tally.failures[..tally.failures.len().min(5)]);
    let per_minute = f64::from(SAMPLES) / (took.as_secs_f64() / 60.0);
    let last = memory.len() / 3 * 2;
    let [memory_slope, open_slope] = [&memory, &open].map(|values| (slope(&values[last..]) * per_minute * 10.0).round() / 10.0);
    record(&Figure {
        id: "F7",
        what: "six clients, one of them over HTTP/2, and whole flows with sign-in, over SQLite",
        measured: &[
            ("seconds", took.as_secs_f64().round().into()),
            ("requests", tally.answered.into()),
            ("flows", flows.into()),
            ("failed", tally.failures.len().into()),
            ("KiB per minute in the last third", memory_slope.into()),
            ("descriptors per minute in the last third", open_slope.into()),
        ],
        accumulates: false,
        command: "KEYHOOK_SOAK=3600 cargo test -p keyhook-tests --test pressure soak",
        covers_not: "other stores; runs of less than five minutes show the warming up",
    });
    if seconds >= WARM {
        assert!(memory_slope < MOST_PER_MINUTE, "memory grows by {memory_slope} KiB a minute: {memory:?}");
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        assert!(most(&open[last..]) < most(&open[..last]) + SPREAD, "descriptors grow: {open:?}");
    }
}
