//! A model beside the server: scripts of honest and hostile steps, and after each of them the answer that the standards demand.
//!
//! [`expect`] is the reference, written from the RFCs and the design without the server's code; [`act`] is the server, with its
//! sockets and stores; a [`step`] is one thing that somebody does. A run takes about ten seconds; `KEYHOOK_MODEL_SECONDS` makes it
//! longer, `KEYHOOK_MODEL_SEED` begins elsewhere. A script that fails is made as short as possible and printed;
//! `KEYHOOK_MODEL_SCRIPT` replays the file that it is pasted into.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod act;
mod dice;
mod expect;
mod run;
mod shrink;
mod step;

use std::time::{Duration, Instant};

use act::Kind;
use dice::Dice;
use run::{Failed, run};
use step::Step;

fn variable(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var(name).ok()
}

fn number(name: &str, default: u64) -> u64 {
    variable(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Scripts until the time is over; the first one that fails is shrunk and told.
fn explore(kind: Kind, length: usize) {
    let until = Instant::now() + Duration::from_millis(number("KEYHOOK_MODEL_SECONDS", 10) * 500);
    let first = number("KEYHOOK_MODEL_SEED", 1);
    let (mut scripts, mut steps) = (0, 0);
    while Instant::now() < until {
        let seed = first + scripts;
        let script = step::script(&mut Dice::new(seed), length);
        if let Err(failed) = run(kind, &script) {
            tell(kind, &script, &failed, &format!("seed {seed}"));
        }
        scripts += 1;
        steps += script.len();
    }
    println!("model over {kind:?}: {scripts} scripts of {steps} steps, every answer as expected");
}

fn tell(kind: Kind, script: &[Step], failed: &Failed, origin: &str) -> ! {
    let (shortest, last) = shrink::shrink(kind, script, failed);
    let lines: Vec<String> = shortest.iter().map(|step| serde_json::to_string(step).unwrap()).collect();
    panic!(
        "{origin} over {kind:?}, step {}: {}\n\nthe shortest script, to be replayed with KEYHOOK_MODEL_SCRIPT=FILE:\n\n{}\n\nits failure: {}\n",
        failed.at,
        failed.what,
        lines.join("\n"),
        last.what
    );
}

#[test]
fn every_answer_is_the_one_that_the_model_expects_over_sqlite_with_crashes() {
    explore(Kind::Sqlite, 60);
}

#[test]
fn every_answer_is_the_one_that_the_model_expects_in_memory() {
    explore(Kind::Memory, 250);
}

/// Scripts that failed once, and whatever `KEYHOOK_MODEL_SCRIPT` names.
#[test]
fn the_kept_scripts_pass() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model/scripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(variable("KEYHOOK_MODEL_SCRIPT").map(Into::into));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let script: Vec<Step> = text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
        for kind in [Kind::Sqlite, Kind::Memory] {
            if let Err(failed) = run(kind, &script) {
                tell(kind, &script, &failed, &file.display().to_string());
            }
        }
    }
}
