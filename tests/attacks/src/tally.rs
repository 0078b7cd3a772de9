//! What was counted: inputs and failures by group, each failure with the line that repeats it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::catalog::Template;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something was given that should have been refused.
    Accepted,
    /// A status of 500 or above.
    ServerError,
    /// A panic, or a process that ended.
    Panic,
    /// A secret where it may not be.
    Secret,
    /// A row that nobody may write.
    Rows,
    /// A decision without an event, an event without a code, a log line that is none.
    Audit,
    /// A connection that the server made.
    Outgoing,
    /// Refused, and not as it should be.
    Wrong,
    /// More than a second, twice.
    Slow,
    /// The attack itself could not go on.
    Stuck,
}

/// One failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The template.
    pub template: String,
    /// Its group.
    pub group: String,
    /// The server.
    pub target: &'static str,
    /// The round.
    pub round: u32,
    /// The number of the input in the round.
    pub input: usize,
    /// What went wrong.
    pub kind: Kind,
    /// In words.
    pub what: String,
    /// What was sent, escaped.
    pub sent: String,
    /// What came back, escaped.
    pub answer: String,
}

/// Failures of one template that are printed in full.
const SHOWN: usize = 3;

/// The counts of one run, shared by those who attack at once.
#[derive(Clone)]
pub struct Tally {
    /// All inputs of all who attack.
    total: Arc<AtomicUsize>,
    book: Arc<Mutex<Book>>,
    own: usize,
    seed: u64,
}

/// What is written down.
#[derive(Default)]
pub struct Book {
    /// Inputs by template.
    pub inputs: BTreeMap<String, usize>,
    /// Failures by template and kind.
    pub failures: BTreeMap<(String, Kind), usize>,
    /// Answers that took more than a second: template, server, round.
    pub slow: Vec<(String, &'static str, u32)>,
}

impl Tally {
    /// A tally with an empty book; clones share the book.
    pub fn new(seed: u64) -> Tally {
        Tally { total: Arc::default(), book: Arc::default(), own: 0, seed }
    }

    /// The inputs of all who share the book.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// Counts inputs.
    pub fn inputs(&mut self, count: usize) {
        self.own += count;
        self.total.fetch_add(count, Ordering::Relaxed);
    }

    /// Writes the inputs of a template down.
    pub fn close(&mut self, template: &Template) {
        let own = std::mem::take(&mut self.own);
        *self.book().inputs.entry(template.id.clone()).or_default() += own;
    }

    /// Writes a failure down and prints it.
    pub fn fail(&self, failure: Failure) {
        let seed = self.seed;
        let mut book = self.book();
        let count = book.failures.entry((failure.template.clone(), failure.kind)).or_default();
        *count += 1;
        if *count > SHOWN {
            return;
        }
        let Failure { template, group, target, round, input, kind, what, sent, answer } = failure;
        println!("FAIL {template} ({group}) at {target}, round {round}, input {input}: {kind:?}: {what}");
        println!("  sent   {sent}\n  answer {answer}");
        println!("  again  ./runtests.sh attacks --only {template} --target {target} --seed {seed} --round {round} --batch 1");
    }

    /// Remembers an answer that was late.
    pub fn slow(&self, template: &Template, target: &'static str, round: u32, took: Duration) {
        println!("  slow   {} at {target}, round {round}: {} ms", template.id, took.as_millis());
        self.book().slow.push((template.id.clone(), target, round));
    }

    /// What was written down.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
