//! Speed beside a bare hyper server: both on core 0, the client on core 1, interleaved rounds, medians of per-round ratios.
//!
//! `keyhook-bench [--rounds N] [--seconds N] [--connections N]` runs it; `keyhook-bench bare PORT` is the bare server.
//! Only the ratios mean something: the machine's speed moves by a factor of three.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on ends by panicking")]

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
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let floor = run(plan, bare, &bare.load());
        let measured = run(plan, keyhook, load);
        assert_eq!(measured.failures, 0, "{name}: wrong answers");
        ratios.push(measured.rate / floor.rate);
        ours.push(measured);
        theirs.push(floor.rate);
    }
    let rate = median(ours.iter().map(|round| round.rate).collect());
    let p99 = median(ours.iter().map(|round| round.p99_millis).collect());
    println!("{name:38} ratio {:.2}   {rate:7.0}/s beside {:7.0}/s   p99 {p99:.1} ms", median(ratios), median(theirs));
}

fn run(plan: &Plan, target: &dyn Target, load: &Load) -> Measured {
    load.run(target.address(), plan.connections, Duration::from_secs(plan.seconds))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn option<T: std::str::FromStr>(arguments: &[String], name: &str, default: T) -> T {
    let value = arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}
