//! What the tests have measured: one line a run in `server/docs/evidence.jsonl`, one page made of them, `server/docs/evidence.md`.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a tool of the tests fails by panicking")]

pub mod coverage;
mod figures;
mod ledger;
mod page;

use serde::{Deserialize, Serialize};

pub use figures::{Applies, FIGURES, Promise};
pub use ledger::{Entry, Ledger};

/// A number that was counted or measured; over a ledger counts add up, and of measures the largest stays.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// Inputs, races, failures.
    Count(u64),
    /// A time, a ratio, a statistic.
    Measure(f64),
}

macro_rules! count_from {
    ($($integer:ty),*) => { $(impl From<$integer> for Number {
        fn from(count: $integer) -> Number {
            Number::Count(u64::try_from(count).unwrap())
        }
    })* };
}
count_from!(i32, u32, u64, usize);

impl From<f64> for Number {
    fn from(measure: f64) -> Number {
        Number::Measure(measure)
    }
}

/// One outcome of one run.
///
/// ```no_run
/// use keyhook_evidence::{Figure, record};
///
/// let (inputs, accepted) = (102_400_usize, 0);
/// record(&Figure {
///     id: "F1",
///     what: "templates expanded over endpoints, methods and encodings",
///     measured: &[("inputs", inputs.into()), ("wrong acceptances", accepted.into())],
///     accumulates: false,
///     command: "./runtests.sh attacks",
///     covers_not: "TLS and HTTP/2; groups for what does not exist yet",
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    /// An id of [`FIGURES`].
    pub id: &'a str,
    /// What was measured, in words that stay the same from run to run: runs of one id and one `what` belong to one row.
    pub what: &'a str,
    /// Named numbers, the units in the name.
    pub measured: &'a [(&'a str, Number)],
    /// Whether runs add up; otherwise the last one stands.
    pub accumulates: bool,
    /// How to measure it again.
    pub command: &'a str,
    /// What the figure says nothing about.
    pub covers_not: &'a str,
}

/// Prints a figure; with `KEYHOOK_EVIDENCE=1` it goes into the ledger, too, and the page is written anew.
///
/// # Panics
/// If the id is not in [`FIGURES`], or the ledger cannot be written.
pub fn record(figure: &Figure<'_>) {
    use std::io::Write as _;
    assert!(FIGURES.iter().any(|known| known.id == figure.id), "no figure is called {}", figure.id);
    let recorded = recording();
    if recorded {
        Ledger::of_the_workspace().append(&Entry::now(figure));
    }
    let numbers: Vec<_> = figure.measured.iter().map(|(name, number)| format!("{name} {}", page::number(*number))).collect();
    let end = if recorded { ", recorded" } else { "" };
    // Past the capture of the test runner: the line is the point of the run.
    let _ = writeln!(std::io::stderr(), "evidence {}: {}: {}{end}", figure.id, figure.what, numbers.join(", "));
}

fn recording() -> bool {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the tests says whether they leave a trace in the tree")]
    std::env::var_os("KEYHOOK_EVIDENCE").is_some_and(|value| value == "1")
}
