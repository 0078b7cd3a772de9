//! The benchmark: keyhook's release binary beside a bare hyper server on one core, the client on another. `./runtests.sh bench` runs it.
//!
//! Only ratios of one run mean something: a machine's speed moves by a factor of three while other things run on it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on ends by panicking")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock and is told by the environment what to measure")]
#![allow(clippy::cast_precision_loss, reason = "figures of a benchmark are far below 2^52")]

mod client;
mod flow;
mod machine;
mod plan;
mod race;
mod readme;
mod sections;
mod server;
mod table;

use std::path::Path;
use std::process::ExitCode;

use machine::Machine;
use plan::Plan;
use table::Table;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, port, tls @ ..] = arguments.as_slice()
        && command == "bare"
    {
        let tls = if let [chain, key] = tls { Some((Path::new(chain), Path::new(key))) } else { None };
        server::bare::serve(port.parse().expect("a port"), tls);
        return ExitCode::SUCCESS;
    }
    let (asks, options) = match arguments.split_first() {
        Some((command, options)) if command == "needs" => (true, options),
        _ => (false, arguments.as_slice()),
    };
    if options.iter().any(|option| option == "--help") {
        if !asks {
            println!("{}", plan::USAGE);
        }
        return ExitCode::SUCCESS;
    }
    match Plan::parse(options) {
        Ok(plan) if asks => {
            println!("{}", plan.needs().join(" "));
            ExitCode::SUCCESS
        }
        Ok(plan) => run(&plan),
        Err(what) => {
            eprintln!("{what}\n\n{}", plan::USAGE);
            ExitCode::from(2)
        }
    }
}

fn run(plan: &Plan) -> ExitCode {
    let machine = Machine::look(&plan.folder);
    println!("one fdatasync: {:.0} µs (median of 200)", machine.fdatasync_micros);
    println!("server on core 0, client on core 1, {} connections, {} rounds of {:?}", plan.connections, plan.rounds, plan.turn);
    let mut table = Table::new(machine);
    sections::speed::run(plan, &mut table);
    sections::plugins::run(plan, &mut table);
    sections::start::run(plan, &mut table);
    sections::memory::run(plan, &mut table);
    sections::growth::run(plan, &mut table);
    sections::overload::run(plan, &mut table);
    sections::purge::run(plan, &mut table);
    sections::peers::run(plan, &mut table);
    let markdown = table.markdown(plan);
    println!("\n{markdown}");
    if std::env::var_os("KEYHOOK_EVIDENCE").is_some_and(|value| value == "1") {
        table.record(plan);
    }
    if plan.readme {
        readme::write(Path::new("README.md"), &markdown);
    }
    let (kept, missed) = table.outcome();
    for what in &missed {
        println!("missed by more than a quarter: {what}");
    }
    println!("{kept} passed, {} failed", missed.len());
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
