//! A plugin that panics again and again rests for a while: its hooks answer 503 then, and never "go on without it".

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;

/// Panics within this time count.
const WINDOW: Duration = Duration::from_mins(1);
/// How long a plugin rests before one call may try again.
const REST: Duration = Duration::from_secs(30);

/// Counts the panics of one plugin.
pub(crate) struct Breaker {
    limit: usize,
    /// Milliseconds since the epoch until which calls are refused; 0 while it is closed.
    rests_until: AtomicI64,
    panics: Mutex<VecDeque<Timestamp>>,
}

/// How a call came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pass {
    /// As always.
    Closed,
    /// The one call that tries whether it is over.
    Trial,
}

impl Breaker {
    /// Opens at `limit` panics a minute.
    pub(crate) fn new(limit: usize) -> Breaker {
        Breaker { limit: limit.max(1), rests_until: AtomicI64::new(0), panics: Mutex::default() }
    }

    /// Whether a call may go through; `None` is no. Reads the clock only while the plugin rests.
    pub(crate) fn pass(&self, clock: &dyn Clock) -> Option<Pass> {
        let until = self.rests_until.load(Ordering::Acquire);
        if until == 0 {
            return Some(Pass::Closed);
        }
        let now = clock.now();
        if now.millis() < until {
            return None;
        }
        // Whoever moves the end of the rest is the trial; all others wait for its result.
        let next = now.plus(REST).millis();
        self.rests_until.compare_exchange(until, next, Ordering::AcqRel, Ordering::Acquire).ok().map(|_| Pass::Trial)
    }

    /// A call came back without a panic.
    pub(crate) fn succeeded(&self, pass: Pass) {
        if pass == Pass::Trial {
            self.locked().clear();
            self.rests_until.store(0, Ordering::Release);
        }
    }

    /// A call panicked. `true` if the breaker opened now.
    pub(crate) fn panicked(&self, pass: Pass, clock: &dyn Clock) -> bool {
        let now = clock.now();
        let mut panics = self.locked();
        panics.push_back(now);
        while panics.front().is_some_and(|first| *first < now.minus(WINDOW)) {
            panics.pop_front();
        }
        if pass == Pass::Trial || panics.len() >= self.limit {
            panics.clear();
            return self.rests_until.swap(now.plus(REST).millis(), Ordering::AcqRel) == 0;
        }
        false
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, VecDeque<Timestamp>> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HandClock;

    #[test]
    fn ten_panics_a_minute_open_it_and_one_call_after_the_rest_may_try() {
        let (clock, breaker) = (HandClock::at(1_000), Breaker::new(10));
        for _ in 0..9 {
            assert!(!breaker.panicked(Pass::Closed, &clock));
        }
        assert_eq!(breaker.pass(&clock), Some(Pass::Closed));
        assert!(breaker.panicked(Pass::Closed, &clock));
        assert_eq!(breaker.pass(&clock), None);
        clock.advance(Duration::from_secs(30));
        assert_eq!(breaker.pass(&clock), Some(Pass::Trial));
        assert_eq!(breaker.pass(&clock), None, "only one call tries");
        breaker.succeeded(Pass::Trial);
        assert_eq!(breaker.pass(&clock), Some(Pass::Closed));
    }

    #[test]
    fn a_trial_that_panics_begins_another_rest() {
        let (clock, breaker) = (HandClock::at(1_000), Breaker::new(1));
        breaker.panicked(Pass::Closed, &clock);
        clock.advance(Duration::from_secs(31));
        assert_eq!(breaker.pass(&clock), Some(Pass::Trial));
        breaker.panicked(Pass::Trial, &clock);
        clock.advance(Duration::from_secs(29));
        assert_eq!(breaker.pass(&clock), None);
    }

    #[test]
    fn panics_of_more_than_a_minute_ago_do_not_count() {
        let (clock, breaker) = (HandClock::at(1_000), Breaker::new(2));
        breaker.panicked(Pass::Closed, &clock);
        clock.advance(Duration::from_secs(61));
        assert!(!breaker.panicked(Pass::Closed, &clock));
        assert_eq!(breaker.pass(&clock), Some(Pass::Closed));
    }
}
