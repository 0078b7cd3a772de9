//! The measuring itself: both classes by turns of a coin, each run timed alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::welch::Times;

/// So many runs at least, however long they take: fewer say nothing.
pub(crate) const FEWEST: usize = 100;

/// How long one comparison is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The time for one comparison, preparation included.
    pub(crate) span: Duration,
    /// Inputs that are prepared together: few enough to stay in the cache.
    batch: usize,
    /// Batches whose times are thrown away: the processor learns the code.
    warm_up: usize,
}

impl Plan {
    /// For what takes less than a microsecond.
    pub(crate) const fn quick(span: Duration) -> Plan {
        Plan { span, batch: 64, warm_up: 20 }
    }

    /// For what takes milliseconds.
    pub(crate) const fn slow(span: Duration) -> Plan {
        Plan { span, batch: 1, warm_up: 4 }
    }

    /// The same for so many times as long.
    pub(crate) fn longer(self, times: u32) -> Plan {
        Plan { span: self.span * times, ..self }
    }

    /// Times `run` over inputs of both classes.
    ///
    /// # Panics
    /// If `run` accepts one: an acceptance goes another way than a refusal, and may.
    pub(crate) fn times<I>(&self, prepare: impl Fn(&mut Chance, bool) -> I, run: impl Fn(&I) -> bool) -> Times {
        let (mut chance, mut times, began) = (Chance::new(), Times::default(), Instant::now());
        let mut batches = 0;
        while began.elapsed() < self.span || times.near.len() + times.far.len() < FEWEST {
            let inputs: Vec<(bool, I)> = (0..self.batch).map(|_| prepared(&mut chance, &prepare)).collect();
            for (near, input) in &inputs {
                let before = Instant::now();
                let accepted = black_box(run(black_box(input)));
                let took = before.elapsed();
                assert!(!accepted, "a wrong candidate was accepted");
                if batches >= self.warm_up {
                    let class = if *near { &mut times.near } else { &mut times.far };
                    class.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                }
            }
            batches += 1;
        }
        times
    }
}

fn prepared<I>(chance: &mut Chance, prepare: &impl Fn(&mut Chance, bool) -> I) -> (bool, I) {
    let near = chance.word() & 1 == 1;
    (near, prepare(chance, near))
}
