//! Times every comparison of a secret and fails if one takes longer for a better guess; `--seconds N` says for how long in all.

mod chance;
mod comparisons;
mod measure;
mod oauth1;
mod passwords;
mod welch;

use std::process::ExitCode;
use std::time::Duration;

use comparisons::{ALL, Comparison, LEAKY, PASSWORD};
use keyhook_evidence::{Figure, record};
use measure::Plan;

/// From here on two classes differ (dudect's threshold; by chance once in 150,000).
const LIMIT: f64 = 4.5;

fn main() -> ExitCode {
    let seconds: u32 = std::env::args().skip_while(|word| word != "--seconds").nth(1).and_then(|word| word.parse().ok()).unwrap_or(12);
    // A third for the slow passwords; the rest for the comparisons and the control in equal shares.
    let all = Duration::from_secs(seconds.into());
    let quick = Plan::quick(all * 2 / 3 / (u32::try_from(ALL.len()).unwrap_or(u32::MAX) + 1));
    let mut outcomes: Vec<_> = ALL.iter().map(|comparison| judged(comparison, quick)).collect();
    outcomes.push(judged(&PASSWORD, Plan::slow(all / 3)));
    let control = measured(&LEAKY, quick);
    let failed = outcomes.iter().filter(|outcome| outcome.t >= LIMIT).count() + usize::from(control.t < LIMIT);
    if control.t < LIMIT {
        println!("FAIL  the control was not caught: this run proves nothing");
    }
    record(&Figure {
        id: "F22",
        what: "candidates that are almost the secret beside others, in each comparison, and users that exist beside others",
        measured: &[
            ("comparisons", outcomes.len().into()),
            ("runs", outcomes.iter().map(|outcome| outcome.runs).sum::<usize>().into()),
            ("max |t|", outcomes.iter().map(|outcome| outcome.t).fold(0.0, f64::max).into()),
            ("|t| of a leaky comparison beside them", control.t.into()),
        ],
        accumulates: false,
        command: "./runtests.sh timing",
        covers_not: "other processors, compilers and optimization levels; the network and the store on the way to a comparison; \
                     power, and what cache lines tell a neighbor",
    });
    println!("{} passed, {failed} failed", outcomes.len() + 1 - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// What was found of one comparison.
struct Outcome {
    runs: usize,
    t: f64,
}

/// Measures; what exceeds the limit is measured again four times as long, with new inputs: a leak stays, noise does not.
fn judged(comparison: &Comparison, plan: Plan) -> Outcome {
    let first = measured(comparison, plan);
    if first.t < LIMIT { first } else { measured(comparison, plan.longer(4)) }
}

fn measured(comparison: &Comparison, plan: Plan) -> Outcome {
    let times = (comparison.measure)(&plan);
    let outcome = Outcome { runs: times.near.len() + times.far.len(), t: times.largest_t() };
    let difference = times.difference();
    println!("{:42} max |t| {:7.2}   {:8} runs   medians differ by {difference:.0} ns", comparison.name, outcome.t, outcome.runs);
    outcome
}
