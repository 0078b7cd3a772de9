//! `keyhook-evidence page` writes `server/docs/evidence.md`; `keyhook-evidence record ID WHAT COMMAND COVERS_NOT NAME=COUNT …` is for
//! what a script measures. A measure has a decimal point; `--accumulates` first if runs add up.
#![allow(clippy::unwrap_used, reason = "a tool of the tests fails by panicking")]

use std::process::ExitCode;

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
        _ => {
            eprintln!("keyhook-evidence page | record [--accumulates] ID WHAT COMMAND COVERS_NOT NAME=NUMBER …");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn measured(word: &str) -> (&str, Number) {
    let (name, number) = word.split_once('=').unwrap();
    (name, if number.contains('.') { Number::Measure(number.parse().unwrap()) } else { Number::Count(number.parse().unwrap()) })
}
