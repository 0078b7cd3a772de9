//! What a load saw.

use std::time::Duration;

/// One round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Microseconds of each operation that was right, sorted.
    latencies: Vec<u32>,
    /// How often the server said that it is overloaded.
    pub(crate) refused: u64,
    /// How long the round took.
    elapsed: Duration,
}

impl Measured {
    /// From what was counted.
    pub(crate) fn new(mut latencies: Vec<u32>, refused: u64, elapsed: Duration) -> Measured {
        latencies.sort_unstable();
        Measured { latencies, refused, elapsed }
    }

    /// Right operations.
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Right operations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time to the answer that so many in a hundred stay below, in milliseconds.
    pub(crate) fn percentile_millis(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        f64::from(self.latencies.get(at).copied().unwrap_or_default()) / 1000.0
    }
}
