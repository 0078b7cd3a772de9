//! Requests at a rate of their own, whatever the server does: an open loop. A request for which no connection is free is not sent.

use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

use super::crew::Crew;
use super::measured::Measured;
use super::script::Step;

impl Crew {
    /// Offers `rate` operations of one request a second.
    pub(crate) fn run_paced(&mut self, rate: f64, time: Duration) -> Measured {
        let begun = Instant::now();
        let (mut latencies, mut refused, mut offered) = (Vec::new(), 0, 0_u32);
        let mut idle: Vec<usize> = (0..self.size()).collect();
        let mut events = Vec::with_capacity(self.size());
        loop {
            let elapsed = begun.elapsed().min(time);
            while f64::from(offered) / rate <= elapsed.as_secs_f64() {
                offered += 1;
                if let Some(index) = idle.pop() {
                    self.begin_at(index, Instant::now());
                }
            }
            if begun.elapsed() >= time && idle.len() == self.size() {
                return Measured::new(latencies, refused, begun.elapsed());
            }
            events.clear();
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let _ = epoll::wait(self.epoll(), rustix::buffer::spare_capacity(&mut events), Some(&at_once));
            for event in &events {
                let index = usize::try_from(event.data.u64()).unwrap();
                let Some((step, started)) = self.outcome(index) else { continue };
                idle.push(index);
                match step {
                    Step::Done => latencies.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)),
                    Step::Refused => refused += 1,
                    Step::More | Step::Wrong(_) => panic!("a wrong answer: {step:?}"),
                }
            }
        }
    }
}
