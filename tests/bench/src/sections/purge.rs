//! What requests notice of the deletion of what has ended.

use std::time::{Duration, Instant};

use super::tokens;
use crate::plan::Plan;
use crate::server::refill::Fill;
use crate::server::{Keyhook, Setup};
use crate::table::{Table, Verdict, thousands};

/// When the server begins its first purge, after its start.
const BEGINS: Duration = Duration::from_mins(1);
/// How long each look lasts: shorter than the purge of so many tokens.
const LOOK: Duration = Duration::from_secs(6);
const ENDED: usize = 500_000;
/// The end of a purge is a line of this level.
const LOG: &str = "[log]\nlevel = \"info,keyhook::purge=debug\"\n";

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("purge", "purge") {
        return;
    }
    let fill = Fill { age: Duration::from_hours(2), ..Fill::tokens(ENDED, 0) };
    let begun = Instant::now();
    let keyhook = Keyhook::start(&plan.folder, &Setup { fill: Some(fill), keeps_log: true, more: LOG, ..Setup::default() });
    let mut runner = tokens(plan, &keyhook);
    wait_until(begun + BEGINS.saturating_sub(2 * LOOK));
    let before = runner.turn(LOOK);
    wait_until(begun + BEGINS + Duration::from_secs(1));
    let during = runner.turn(LOOK);
    let purged = purged(&keyhook);
    let times = during.measured.percentile_millis(99) / before.measured.percentile_millis(99);
    let figure = format!(
        "{times:.1} × p99 ({:.1} ms beside {:.1} ms), {:+.0} % processor time",
        during.measured.percentile_millis(99),
        before.measured.percentile_millis(99),
        100.0 * (during.cpu_micros / before.cpu_micros - 1.0)
    );
    let what = format!("token requests while {} ended tokens are deleted", thousands(purged as f64));
    table.add(&what, &figure, "≤ 2 × p99", Verdict::at_most(times, 2.0).shown_only());
}

/// How many records the purge that ran during the look has deleted.
fn purged(keyhook: &Keyhook) -> usize {
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let line = keyhook
            .log()
            .lines()
            .find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok().filter(|line| line["message"] == "purged"));
        if let Some(line) = line {
            return line["fields"]["count"]
                .as_u64()
                .or(line["count"].as_u64())
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or_default();
        }
        assert!(Instant::now() < patience, "no purge came to its end");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn wait_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}
