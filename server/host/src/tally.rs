//! A counter that threads raise without meeting: the first few have a cache line each, and write it with plain stores.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// As many as a machine usually has workers; they are the first to call.
const LINES: usize = 8;

/// A count of events.
#[derive(Default)]
pub(crate) struct Tally {
    /// Each is written by one thread only, ever.
    own: [Line; LINES],
    /// What all later threads count, together.
    shared: AtomicU64,
}

#[derive(Default)]
#[repr(align(64))]
struct Line(AtomicU64);

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// The number of a thread that has not counted anything yet.
const NONE: usize = usize::MAX;

thread_local!(static NUMBER: Cell<usize> = const { Cell::new(NONE) });

impl Tally {
    /// One more.
    pub(crate) fn count(&self) {
        match self.own.get(number()) {
            // Nobody else writes here, so that nothing is lost between the two.
            Some(Line(own)) => own.store(own.load(Relaxed).wrapping_add(1), Relaxed),
            None => _ = self.shared.fetch_add(1, Relaxed),
        }
    }

    /// How many there were.
    pub(crate) fn read(&self) -> u64 {
        self.own.iter().map(|Line(own)| own.load(Relaxed)).sum::<u64>() + self.shared.load(Relaxed)
    }
}

/// This thread's number, which no other one has or will have.
fn number() -> usize {
    match NUMBER.get() {
        NONE => {
            let number = THREADS.fetch_add(1, Relaxed);
            NUMBER.set(number);
            number
        }
        number => number,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn nothing_is_lost_among_more_threads_than_lines() {
        let tally = Tally::default();
        std::thread::scope(|scope| {
            for _ in 0..3 * LINES {
                scope.spawn(|| (0..10_000).for_each(|_| tally.count()));
            }
        });
        assert_eq!(tally.read(), 3 * LINES as u64 * 10_000);
    }
}
