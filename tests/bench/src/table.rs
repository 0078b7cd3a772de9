//! What was measured, as rows that say whether they keep their goal, and as the page's Markdown.

use keyhook_evidence::{Figure, record};

use crate::machine::Machine;
use crate::plan::Plan;
use crate::race::Race;

/// How far a ratio may fall below its goal before the run fails: the machines that this runs on are noisy.
const SLACK: f64 = 0.75;
/// A bare server that used less of its core than this waited for its client: then its rate says nothing.
const SATURATED: f64 = 0.9;

/// Whether a goal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Holds,
    /// It is not, by no more than the noise of the machine may be.
    Below,
    /// It is not, by more.
    FarBelow,
    /// There is none.
    Free,
}

impl Verdict {
    /// Of a figure that has to reach a goal.
    pub(crate) fn at_least(figure: f64, goal: f64) -> Verdict {
        match figure {
            _ if figure >= goal => Verdict::Holds,
            _ if figure >= SLACK * goal => Verdict::Below,
            _ => Verdict::FarBelow,
        }
    }

    /// Of a figure that has to stay within a goal.
    pub(crate) fn at_most(figure: f64, goal: f64) -> Verdict {
        Verdict::at_least(goal, figure)
    }

    /// The same for a figure that is too noisy to fail a run.
    pub(crate) fn shown_only(self) -> Verdict {
        if self == Verdict::FarBelow { Verdict::Below } else { self }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Below | Verdict::FarBelow => "below",
            Verdict::Free => "",
        }
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Table {
    machine: Machine,
    speed: Vec<String>,
    rest: Vec<String>,
    verdicts: Vec<(String, Verdict)>,
    /// What ran beside what, the ratio of the rates, that of the processor times.
    ratios: Vec<(String, f64, f64)>,
}

/// What a comparison is about.
pub(crate) struct Comparison<'a> {
    /// What runs.
    pub(crate) what: &'a str,
    /// What the ratio is to.
    pub(crate) beside: &'a str,
    /// The least ratio.
    pub(crate) goal: Option<f64>,
}

impl Table {
    /// An empty one.
    pub(crate) fn new(machine: Machine) -> Table {
        Table { machine, speed: Vec::new(), rest: Vec::new(), verdicts: Vec::new(), ratios: Vec::new() }
    }

    /// Adds runner `index` of a race beside runner `of`, and says so.
    pub(crate) fn compare(&mut self, comparison: &Comparison<'_>, race: &Race, index: usize, of: usize) {
        let Comparison { what, beside, goal } = *comparison;
        let (speed, processor) = (race.rate_ratio(index, of), race.cpu_ratio(index, of));
        let saturated = race.rate(of) * race.cpu_micros(of) / 1e6 >= SATURATED;
        let rate_counts = saturated && !self.machine.has_slow_disk();
        let verdict = goal.map_or(Verdict::Free, |goal| Verdict::at_least(if rate_counts { speed } else { processor }, goal));
        let (measured, micros) = (race.rate(index), race.cpu_micros(index));
        println!(
            "{what:44} rate {speed:.2}  cpu {processor:.2}   {measured:7.0}/s beside {:7.0}/s   {micros:5.1} µs beside {:5.1} µs   p99 {:.1} ms   {}",
            race.rate(of),
            race.cpu_micros(of),
            race.p99_millis(index),
            verdict.word(),
        );
        let shown = |text: String, counts: bool| if counts { text } else { format!("({text})") };
        let row = format!(
            "| {what} | {} | {micros:.1} | {} | {processor:.2} | {beside} | {} | {} |",
            shown(thousands(measured), rate_counts),
            shown(format!("{speed:.2}"), rate_counts),
            goal.map(|goal| format!("≥ {goal:.2}")).unwrap_or_default(),
            verdict.word(),
        );
        self.speed.push(row);
        self.verdicts.push((format!("{what}, beside {beside}"), verdict));
        self.ratios.push((format!("{what}, beside {beside}"), speed, processor));
    }

    /// Adds a row of the second table, and says so.
    pub(crate) fn add(&mut self, what: &str, measured: &str, goal: &str, verdict: Verdict) {
        println!("{what:58} {measured:44} {goal:16} {}", verdict.word());
        self.rest.push(format!("| {what} | {measured} | {goal} | {} |", verdict.word()));
        self.verdicts.push((what.to_owned(), verdict));
    }

    /// What one durable write takes here.
    pub(crate) fn fdatasync_millis(&self) -> f64 {
        self.machine.fdatasync_micros / 1000.0
    }

    /// How many goals are kept, within the slack, and which are not.
    pub(crate) fn outcome(&self) -> (usize, Vec<&str>) {
        let failed: Vec<_> =
            self.verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::FarBelow).map(|(what, _)| what.as_str()).collect();
        (self.verdicts.len() - failed.len(), failed)
    }

    /// Keeps the ratios as evidence, where the run is asked to.
    pub(crate) fn record(&self, plan: &Plan) {
        for (what, rate, processor) in &self.ratios {
            record(&Figure {
                id: "speed",
                what,
                measured: &[("rate ratio", (*rate).into()), ("processor ratio", (*processor).into())],
                accumulates: false,
                command: &plan.command,
                covers_not: "absolute rates; several cores; networks; disks other than this machine's",
            });
        }
    }

    /// The page's part.
    pub(crate) fn markdown(&self, plan: &Plan) -> String {
        let Machine { fdatasync_micros, processor, date, commit, load } = &self.machine;
        let mut text = format!(
            "`{}` on {date}, commit {commit}, {processor}; one fdatasync takes {fdatasync_micros:.0} µs. Server on one core, client on another, {} connections, \
             medians of {} interleaved rounds of {} s. Ratios are taken within a round; only they mean something on another machine.\n",
            plan.command,
            plan.connections,
            plan.rounds,
            plan.turn.as_secs_f64(),
        );
        if self.machine.has_slow_disk() {
            text += "One fdatasync takes longer than 1 ms here, so that processor time decides, and rates stand in parentheses.\n";
        }
        if self.machine.is_busy() {
            let busy =
                format!("The machine was busy with other work, too (load {load:.0}): everything here is slower and noisier than it is.\n");
            text.push_str(&busy);
        }
        if !self.speed.is_empty() {
            text += "\n| answered | a second | µs of processor | rate ratio | processor ratio | to | goal | |\n|---|---|---|---|---|---|---|---|\n";
            text += &(self.speed.join("\n") + "\n");
        }
        if !self.rest.is_empty() {
            text += "\n| what | measured | goal | |\n|---|---|---|---|\n";
            text += &(self.rest.join("\n") + "\n");
        }
        text
    }
}

/// `43,210`.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_missed_beyond_the_noise_only() {
        assert_eq!(Verdict::at_least(0.41, 0.40), Verdict::Holds);
        assert_eq!(Verdict::at_least(0.31, 0.40), Verdict::Below);
        assert_eq!(Verdict::at_least(0.29, 0.40), Verdict::FarBelow);
        assert_eq!(Verdict::at_most(20.0, 20.0), Verdict::Holds);
        assert_eq!(Verdict::at_most(30.0, 20.0), Verdict::FarBelow);
    }

    #[test]
    fn numbers_are_read_in_groups() {
        assert_eq!([0.0, 999.0, 1000.0, 43_210.4, 1e6].map(thousands), ["0", "999", "1,000", "43,210", "1,000,000"]);
    }
}
