//! Instructions of a request, counted: a slower path is seen on a machine of any speed and however busy.
//!
//! `keyhook-instructions [--write] SERVER PLUGIN` runs the release binary `SERVER` under callgrind, a scenario at a time, and compares
//! with `tests/instructions/baseline.json`; the library `PLUGIN` is what the hook scenario loads. `--write` writes what it counted.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on ends by panicking")]

mod counted;
mod requests;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use counted::Server;
use requests::SCENARIOS;

/// How much more than the baseline is a regression: compilers and libraries move a count by a few percent.
const SLACK: f64 = 0.10;

const BASELINE: &str = "tests/instructions/baseline.json";

type Counts = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let writes = arguments.first().is_some_and(|argument| argument == "--write");
    arguments.drain(..usize::from(writes));
    let [server, plugin] = arguments.as_slice() else {
        eprintln!("keyhook-instructions [--write] SERVER PLUGIN");
        return ExitCode::from(2);
    };
    let counts = count(Path::new(server), Path::new(plugin));
    if writes {
        let text = serde_json::to_string_pretty(&counts).expect("numbers are written");
        std::fs::write(BASELINE, text + "\n").expect("the baseline is written");
    }
    let baseline: Counts = serde_json::from_slice(&std::fs::read(BASELINE).expect("a baseline")).expect("a baseline of numbers");
    let failed = counts.iter().filter(|(name, count)| !holds(name, **count, baseline.get(*name).copied())).count();
    println!("{} passed, {failed} failed", counts.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Instructions per request of each scenario, and of a hook: what a plugin adds to a token request.
fn count(server: &Path, plugin: &Path) -> Counts {
    let mut counts = Counts::new();
    for scenario in SCENARIOS {
        let plugin = scenario.plugin.then_some(plugin);
        let mut server = Server::prepare(server, plugin);
        let few = server.instructions(&scenario, requests::FEW);
        let many = server.instructions(&scenario, requests::MANY);
        let each = many.saturating_sub(few) / (requests::MANY - requests::FEW) as u64;
        counts.insert(scenario.name.to_owned(), each);
    }
    counts
}

fn holds(name: &str, count: u64, before: Option<u64>) -> bool {
    let Some(before) = before else {
        println!("{name:32} {count:>9}   no baseline; write it down with --write");
        return false;
    };
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let change = count as f64 / before as f64 - 1.0;
    let verdict = match change {
        change if change > SLACK => "more than the slack: find what costs it, or say why and write it down with --write",
        change if change < -SLACK => "less: write it down with --write, so that it stays",
        _ => "",
    };
    println!("{name:32} {count:>9}   {:>+5.1} %   {verdict}", change * 100.0);
    change <= SLACK
}
