//! Servers that take turns, round after round, so that what the machine does to one it does to all; what counts is the median of
//! ratios of one round each.

use std::time::Duration;

use crate::client::http2::Streams;
use crate::client::{Crew, Measured};
use crate::plan::Plan;
use crate::server::Process;
use crate::server::process::TICK_MICROS;

/// Something that puts a server under load.
pub(crate) enum Load {
    /// HTTP/1.1, with or without TLS.
    Crew(Crew),
    /// HTTP/2.
    Streams(Box<Streams>),
}

/// A server and its load.
pub(crate) struct Runner<'a> {
    process: &'a Process,
    load: Load,
}

impl<'a> Runner<'a> {
    /// With connections of HTTP/1.1.
    pub(crate) fn new(process: &'a Process, crew: Crew) -> Runner<'a> {
        Runner { process, load: Load::Crew(crew) }
    }

    /// With streams of HTTP/2.
    pub(crate) fn http2(process: &'a Process, streams: Streams) -> Runner<'a> {
        Runner { process, load: Load::Streams(Box::new(streams)) }
    }

    /// One turn.
    pub(crate) fn turn(&mut self, time: Duration) -> Turn {
        let before = self.process.cpu_micros();
        let measured = match &mut self.load {
            Load::Crew(crew) => crew.run(time),
            Load::Streams(streams) => streams.run(time),
        };
        assert!(measured.count() > 0, "nothing was answered within {time:?}");
        // The kernel's clock is coarse: what is less than a tick is taken for half of one.
        let used = (self.process.cpu_micros() - before).max(TICK_MICROS / 2.0);
        let cpu_micros = used / measured.count() as f64;
        Turn { measured, cpu_micros }
    }
}

/// What one turn gave.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// What the client saw.
    pub(crate) measured: Measured,
    /// The server's processor time per operation.
    pub(crate) cpu_micros: f64,
}

/// Every turn of every runner, by runner and round.
#[derive(Clone, Debug)]
pub(crate) struct Race(Vec<Vec<Turn>>);

impl Race {
    /// Runs the rounds of the plan, after one short turn each that is not counted: connections, caches, sign-ins.
    pub(crate) fn run(plan: &Plan, runners: &mut [Runner<'_>]) -> Race {
        for runner in &mut *runners {
            runner.turn(plan.turn.mul_f64(0.2));
        }
        let mut turns: Vec<Vec<Turn>> = runners.iter().map(|_| Vec::new()).collect();
        for round in 0..plan.rounds {
            for place in 0..runners.len() {
                // Who begins changes, so that nobody always runs behind the same other.
                let index = (place + round) % runners.len();
                turns[index].push(runners[index].turn(plan.turn));
            }
        }
        Race(turns)
    }

    /// A runner's rate as a part of another's.
    pub(crate) fn rate_ratio(&self, runner: usize, of: usize) -> f64 {
        self.ratio(runner, of, |turn| turn.measured.rate())
    }

    /// Another's processor time per operation as a part of a runner's: what the rate ratio is where the server has a core to itself
    /// and waits for nothing.
    pub(crate) fn cpu_ratio(&self, runner: usize, of: usize) -> f64 {
        self.ratio(of, runner, |turn| turn.cpu_micros)
    }

    fn ratio(&self, above: usize, below: usize, figure: impl Fn(&Turn) -> f64) -> f64 {
        median(self.0[above].iter().zip(&self.0[below]).map(|(above, below)| figure(above) / figure(below)).collect())
    }

    /// Median rate of a runner.
    pub(crate) fn rate(&self, runner: usize) -> f64 {
        median(self.0[runner].iter().map(|turn| turn.measured.rate()).collect())
    }

    /// Median processor time per operation of a runner.
    pub(crate) fn cpu_micros(&self, runner: usize) -> f64 {
        median(self.0[runner].iter().map(|turn| turn.cpu_micros).collect())
    }

    /// Median of the rounds' 99th percentiles of a runner.
    pub(crate) fn p99_millis(&self, runner: usize) -> f64 {
        median(self.0[runner].iter().map(|turn| turn.measured.percentile_millis(99)).collect())
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(micros: u64, cpu_micros: f64) -> Turn {
        Turn { measured: Measured::new(vec![1; 1000], 0, Duration::from_micros(1000 * micros)), cpu_micros }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine is three times slower in the second round, and a third one is disturbed.
        let race = Race(vec![vec![turn(10, 8.0), turn(30, 24.0), turn(10, 8.0)], vec![turn(20, 16.0), turn(60, 48.0), turn(90, 17.0)]]);
        assert!((race.rate_ratio(1, 0) - 0.5).abs() < 1e-9);
        assert!((race.cpu_ratio(1, 0) - 0.5).abs() < 1e-9);
        assert!((race.rate(0) - 100_000.0).abs() < 1.0);
    }
}
