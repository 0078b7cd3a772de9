//! Writes that share a commit: what is queued when it begins, and who comes along.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::writer::{Job, Write};

/// How many batches share a commit at most: what a caller may have to wait for.
pub(super) const GROUP: usize = 1024;

/// A commit that is not the only one of its time waits for company so many times so long, and half a millisecond in all.
const STEP: Duration = Duration::from_micros(100);
const STEPS: u32 = 5;

/// What share a commit.
pub(super) struct Group {
    pub(super) writes: Vec<Write>,
    /// A job that was queued among them and is no write: it waits for their commit, and nothing behind it comes along.
    pub(super) met: Option<Job>,
}

impl Group {
    /// Takes what is queued; says whether that was anything to write.
    pub(super) fn grow(&mut self, jobs: &Receiver<Job>) -> bool {
        let before = self.writes.len();
        while self.met.is_none() && self.writes.len() < GROUP {
            match jobs.try_recv() {
                Ok(Job::Write(write)) => self.writes.push(write),
                Ok(other) => self.met = Some(other),
                Err(_) => break,
            }
        }
        self.writes.len() > before
    }

    /// Waits while writes keep coming: a commit costs as much for one as for a hundred. Ends at the first step that brings none.
    pub(super) fn gather(&mut self, jobs: &Receiver<Job>) {
        for _ in 0..STEPS {
            #[allow(clippy::disallowed_methods, reason = "on purpose: being woken for every job would cost what gathering saves")]
            std::thread::sleep(STEP);
            if !self.grow(jobs) {
                return;
            }
        }
    }
}
