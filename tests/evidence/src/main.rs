//! `keyhook-evidence page` writes `server/docs/evidence.md`; `keyhook-evidence record ID WHAT COMMAND COVERS_NOT NAME=COUNT …` is for
//! what a script measures. A measure has a decimal point; `--accumulates` if runs add up. `keyhook-evidence coverage LCOV` tells which
//! lines of the core no test ran, and fails if they are more than one in twenty.
#![allow(clippy::unwrap_used, reason = "a tool of the tests fails by panicking")]

use std::process::ExitCode;

use keyhook_evidence::coverage::of_lcov;
use keyhook_evidence::{Figure, Ledger, Number, record};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let accumulates = words.contains(&"--accumulates");
    words.retain(|word| *word != "--accumulates");
    match words.as_slice() {
        ["page"] => Ledger::of_the_workspace().write_page(),
        ["record", id, what, command, covers_not, numbers @ ..] if !numbers.is_empty() => {
            let measured: Vec<_> = numbers.iter().map(|word| measured(word)).collect();
            record(&Figure { id, what, measured: &measured, accumulates, command, covers_not });
        }
        ["coverage", report] => return coverage(report),
        _ => {
            eprintln!("keyhook-evidence page | coverage LCOV | record [--accumulates] ID WHAT COMMAND COVERS_NOT NAME=NUMBER …");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn measured(word: &str) -> (&str, Number) {
    let (name, number) = word.split_once('=').unwrap();
    (name, if number.contains('.') { Number::Measure(number.parse().unwrap()) } else { Number::Count(number.parse().unwrap()) })
}

/// The share of the core's lines that has to be run.
const ENOUGH: f64 = 95.0;

#[allow(clippy::cast_precision_loss, reason = "numbers of lines")]
fn coverage(report: &str) -> ExitCode {
    let files = of_lcov(&std::fs::read_to_string(report).unwrap(), |file| std::fs::read_to_string(file).unwrap_or_default());
    for file in files.iter().filter(|file| !file.missed.is_empty()) {
        println!("{}: no test runs {} of {} lines: {:?}", file.file, file.missed.len(), file.lines, file.missed);
    }
    let (lines, missed): (usize, usize) = (files.iter().map(|file| file.lines).sum(), files.iter().map(|file| file.missed.len()).sum());
    let share = 100.0 * (lines - missed) as f64 / lines.max(1) as f64;
    println!("{share:.2} % of {lines} lines in {} files", files.len());
    record(&Figure {
        id: "coverage",
        what: "lines of the core that its own unit tests run, the tests not counted",
        measured: &[("lines", lines.into()), ("not run", missed.into()), ("percent", share.into())],
        accumulates: false,
        command: "./runtests.sh coverage",
        covers_not: "branches within a line; lines that run and are not checked; what is computed while compiling (the table of CRC-32) counts as not run",
    });
    ExitCode::from(u8::from(share < ENOUGH || files.is_empty()))
}
