//! Runs the fuzzers, one after the other: `./runtests.sh fuzz --seconds 60 [TARGET …]`.
//!
//! `--small` leaves out those that need the whole server, which takes minutes to build with counters in it.
//! What they find new is kept below `target/fuzz` and used again; `--keep` takes the smallest set that reaches as much into the
//! repository. The last line is `N passed, N failed`; the executions count in the evidence.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use keyhook_evidence::{Figure, record};
use keyhook_fuzz::targets::{ALL, WHOLE};

/// What the command line asks for.
struct Wish {
    seconds: u64,
    keep: bool,
    targets: Vec<&'static str>,
}

fn wish() -> Result<Wish, String> {
    let known: Vec<&'static str> = ALL.iter().map(|(name, _)| *name).chain(WHOLE.iter().copied()).collect();
    let mut wish = Wish { seconds: 1, keep: false, targets: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => wish.seconds = arguments.next().and_then(|text| text.parse().ok()).ok_or("--seconds needs a number")?,
            "--keep" => wish.keep = true,
            "--small" => wish.targets = ALL.iter().map(|(name, _)| *name).filter(|name| !WHOLE.contains(name)).collect(),
            name => wish
                .targets
                .push(known.iter().find(|known| **known == name).ok_or(format!("no target {name}; there are: {}", known.join(" ")))?),
        }
    }
    if wish.targets.is_empty() {
        wish.targets = known;
    }
    wish.targets.dedup();
    Ok(wish)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

fn main() -> ExitCode {
    let wish = match wish() {
        Ok(wish) => wish,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let (whole, small): (Vec<&str>, Vec<&str>) = wish.targets.iter().partition(|name| WHOLE.contains(name));
    if !build(&small, &["--no-default-features", "--features", "libfuzzer"]) || !build(&whole, &["--features", "libfuzzer"]) {
        println!("the fuzzers could not be built; libFuzzer needs a C++ compiler\n0 passed, 1 failed");
        return ExitCode::FAILURE;
    }
    let failed = wish.targets.iter().filter(|name| !fuzz(name, &wish)).count();
    println!("{} passed, {failed} failed", wish.targets.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds fuzzers as `cargo fuzz` would, without it: on stable Rust, with the counters of `instrument.sh`.
fn build(targets: &[&str], features: &[&str]) -> bool {
    if targets.is_empty() {
        return true;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).env("RUSTC_WORKSPACE_WRAPPER", Path::new(env!("CARGO_MANIFEST_DIR")).join("instrument.sh"));
    cargo.args(["build", "--locked", "--quiet", "-p", "keyhook-fuzz"]).args(features);
    cargo.args(targets.iter().flat_map(|name| ["--bin", name])).status().is_ok_and(|status| status.success())
}

/// Runs one; whether nothing was found.
fn fuzz(name: &str, wish: &Wish) -> bool {
    let place = root().join("target/fuzz").join(name);
    let (kept, found) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name), place.join("corpus"));
    if let Err(error) = std::fs::create_dir_all(&found) {
        println!("FAIL {name}: {}: {error}", found.display());
        return false;
    }
    let mut fuzzer = fuzzer(name, &place);
    fuzzer.arg(format!("-max_total_time={}", wish.seconds)).arg("-print_final_stats=1").args([&found, &kept]);
    let Ok(output) = fuzzer.stderr(Stdio::piped()).output() else {
        println!("FAIL {name}: it did not start");
        return false;
    };
    let log = String::from_utf8_lossy(&output.stderr);
    let executions: u64 =
        log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok()).unwrap_or(0);
    let held = output.status.success() && executions > 0;
    if held {
        println!("ok   {name}: {executions} executions");
        // A run that finds something is not counted: its input is kept, what it broke is mended, and it runs again.
        record(&Figure {
            id: "F14",
            what: &format!("target {name}"),
            measured: &[("executions", executions.into()), ("open findings", 0_u64.into())],
            accumulates: true,
            command: "./runtests.sh fuzz --seconds 60",
            covers_not: "inputs that the mutations of libFuzzer do not reach from the kept ones in the time given; no address sanitizer",
        });
    } else {
        // The input itself, and what it broke, stand at the end.
        let lines: Vec<&str> = log.lines().collect();
        println!("FAIL {name} after {executions} executions; the input lies in {}", place.display());
        println!("{}", lines[lines.len().saturating_sub(25)..].join("\n"));
    }
    if held && wish.keep {
        keep(name, &place, &kept, &found);
    }
    held
}

/// Takes what reaches further than the kept inputs into the repository.
fn keep(name: &str, place: &Path, kept: &Path, found: &Path) {
    let merged = fuzzer(name, place).args(["-set_cover_merge=1", "-max_len=512"]).args([kept, found]).stderr(Stdio::null()).status();
    println!("     {name}: kept {}", if merged.is_ok_and(|status| status.success()) { "what is new" } else { "nothing" });
}

fn fuzzer(name: &str, place: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(root().join("target/debug").join(name)).env("RUST_BACKTRACE", "0");
    command.arg(format!("-artifact_prefix={}/", place.display())).args(["-timeout=25", "-rss_limit_mb=2048", "-max_len=4096"]);
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries").join(format!("{name}.dict"));
    if words.exists() {
        command.arg(format!("-dict={}", words.display()));
    }
    command
}
