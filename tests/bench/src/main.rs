//! Speed beside a bare hyper server: both on core 0, the client on core 1, interleaved rounds, medians of per-round ratios: of the rates,
//! and of the processor time per answer, which is what counts where one fdatasync takes longer than a millisecond.
//!
//! `keyhook-bench [--rounds N] [--seconds N] [--connections N]` runs it; `keyhook-bench bare PORT` is the bare server.
//! Only the ratios mean something: the machine's speed moves by a factor of three.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on ends by panicking")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock and is told by the environment what to measure")]
#![allow(clippy::cast_precision_loss, reason = "figures of a benchmark are far below 2^52")]

mod bare;
mod load;
mod target;

use std::time::Duration;

use load::{Load, Measured};
use target::{Bare, Keyhook, Target};

/// How long and how hard.
struct Plan {
    rounds: usize,
    seconds: u64,
    connections: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, port] = arguments.as_slice()
        && command == "bare"
    {
        return bare::serve(port.parse().expect("a port"));
    }
    let plan = Plan {
        rounds: option(&arguments, "--rounds", 5),
        seconds: option(&arguments, "--seconds", 2),
        connections: option(&arguments, "--connections", 64),
    };
    println!("one fdatasync: {:.0} µs (median of 200)", target::fdatasync_micros());
    println!("server on core 0, client on core 1, {} connections, {} rounds of {} s", plan.connections, plan.rounds, plan.seconds);
    let bare = Bare::start();
    let keyhook = Keyhook::start();
    let access_token = keyhook.access_token();
    for (name, load) in [
        ("token (client_credentials, durable)", keyhook.client_credentials()),
        ("introspection", keyhook.introspection(&access_token)),
        ("metadata", keyhook.metadata()),
    ] {
        report(name, &plan, &bare, &keyhook, &load);
    }
    println!("idle memory before the load: {:.1} MB; start to first answer: {:.0} ms", keyhook.idle_megabytes, keyhook.ready_millis);
}

fn report(name: &str, plan: &Plan, bare: &Bare, keyhook: &Keyhook, load: &Load) {
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let floor = run(plan, bare, &Bare::load());
        let measured = run(plan, keyhook, load);
        assert_eq!(measured.0.failures, 0, "{name}: wrong answers");
        rounds.push((floor, measured));
    }
    let of = |figure: fn(&(Round, Round)) -> f64| median(rounds.iter().map(figure).collect());
    println!(
        "{name:36} rate {:.2}  cpu {:.2}   {:7.0}/s beside {:7.0}/s   {:5.1} µs beside {:4.1} µs   p99 {:.1} ms",
        of(|(floor, ours)| ours.0.rate / floor.0.rate),
        of(|(floor, ours)| floor.1 / ours.1),
        of(|(_, ours)| ours.0.rate),
        of(|(floor, _)| floor.0.rate),
        of(|(_, ours)| ours.1),
        of(|(floor, _)| floor.1),
        of(|(_, ours)| ours.0.p99_millis),
    );
}

/// What the client saw, and the server's processor time per answer in microseconds.
type Round = (Measured, f64);

fn run(plan: &Plan, target: &dyn Target, load: &Load) -> Round {
    let before = target.cpu_micros();
    let measured = load.run(target.address(), plan.connections, Duration::from_secs(plan.seconds));
    let per_answer = (target.cpu_micros() - before) / (measured.rate * plan.seconds as f64).max(1.0);
    (measured, per_answer)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn option<T: std::str::FromStr>(arguments: &[String], name: &str, default: T) -> T {
    let value = arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}
