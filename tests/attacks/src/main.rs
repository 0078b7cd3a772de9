//! Attacks a running server: a catalogue of templates, expanded over endpoints, methods and encodings, sent over raw sockets.
//!
//! `keyhook-attacks [--inputs N] [--only ID] [--target production|dev] [--seed N] [--round N] [--batch N] [--list] [--readme]`
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "modules of a binary")]
#![allow(clippy::format_collect, reason = "inputs are built once, and read better so")]

mod arguments;
mod attack;
mod catalog;
mod check;
mod expand;
mod random;
mod registered;
mod report;
mod run;
mod tally;
mod target;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    let plan = match arguments::parse(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(problem) => {
            eprintln!("keyhook-attacks: {problem}");
            return ExitCode::from(2);
        }
    };
    let templates = catalog::all();
    if plan.list {
        report::list(&templates);
        return ExitCode::SUCCESS;
    }
    let tally = run::run(&plan, &templates);
    let table = report::table(&templates, &tally.book());
    println!("{table}");
    if plan.readme {
        report::into_readme(&table);
    }
    report::note(&plan, &templates, &tally);
    report::last_line(&plan, &templates, &tally)
}
