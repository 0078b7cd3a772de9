//! Bounds how many of something are at once: requests being answered, connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::gauge::Gauge;

/// A count with a limit.
#[derive(Debug)]
pub(crate) struct Gate {
    now: AtomicUsize,
    most: usize,
    gauge: Gauge,
}

impl Gate {
    /// A gate for `most` at once, shown on `gauge`.
    pub(crate) fn new(most: usize, gauge: Gauge) -> Arc<Gate> {
        Arc::new(Gate { now: AtomicUsize::new(0), most, gauge })
    }

    /// Lets one in, until the pass is dropped; `None` when it is full.
    pub(crate) fn enter(self: &Arc<Gate>) -> Option<Pass> {
        // Optimistic: a race at the limit may refuse one too many, never admit one too many.
        if self.now.fetch_add(1, Ordering::AcqRel) >= self.most {
            self.now.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        self.gauge.inc();
        Some(Pass(Arc::clone(self)))
    }

    /// How many are in.
    pub(crate) fn count(&self) -> usize {
        self.now.load(Ordering::Acquire)
    }

    /// Whether three quarters are taken: time to be less patient with those who only wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.count() > self.most / 4 * 3
    }
}

/// One that was let in.
#[derive(Debug)]
pub(crate) struct Pass(Arc<Gate>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::AcqRel);
        self.0.gauge.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_admits_again_when_somebody_left() {
        let gate = Gate::new(2, Gauge::default());
        let (first, second) = (gate.enter(), gate.enter());
        assert!(first.is_some() && second.is_some() && gate.enter().is_none() && gate.is_crowded());
        drop(first);
        assert!(gate.enter().is_some());
        assert_eq!(gate.count(), 1);
    }
}
