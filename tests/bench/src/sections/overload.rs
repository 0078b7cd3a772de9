//! More requests than the server can answer, at a rate that does not wait for it.

use std::time::Duration;

use super::tokens;
use crate::client::{Crew, Script};
use crate::plan::Plan;
use crate::server::{Keyhook, Setup};
use crate::table::{Table, Verdict};

/// More than may be answered at once (`[server.limits] requests`).
const CONNECTIONS: usize = 4000;
const OFFERED: f64 = 3.0;
const TIME: Duration = Duration::from_secs(5);

/// A server that is told to answer fewer at once: those wait less, and the others know at once.
const FEW: &str = "[server.limits]\nrequests = 256\n";

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if plan.wants("overload", "overload") {
        offer(plan, table, "limits.requests = 2048, the default", "");
        offer(plan, table, "limits.requests = 256", FEW);
    }
}

fn offer(plan: &Plan, table: &mut Table, how: &str, more: &str) {
    let keyhook = Keyhook::start(&plan.folder, &Setup { more, ..Setup::default() });
    let capacity = tokens(plan, &keyhook).turn(plan.turn).measured.rate();
    let scripts = (0..CONNECTIONS).map(|_| Box::new(keyhook.token()) as Box<dyn Script>);
    let measured = Crew::connect(&keyhook.address(), scripts).run_paced(OFFERED * capacity, TIME);
    let answers = measured.count() as f64 + measured.refused as f64;
    let (refused, answered) = (100.0 * measured.refused as f64 / answers, 100.0 * measured.rate() / capacity);
    let (p99, goal) = (measured.percentile_millis(99), 5.0 * table.fdatasync_millis());
    let figure = format!(
        "{answered:.0} % of the capacity answered, p99 {p99:.0} ms, median {:.0} ms; {refused:.0} % refused with 503 and Retry-After",
        measured.percentile_millis(50)
    );
    let what = format!("{OFFERED:.0} × the capacity offered on {CONNECTIONS} connections; {how}");
    table.add(&what, &figure, &format!("p99 ≤ 5 fsyncs ({goal:.1} ms)"), Verdict::at_most(p99, goal).shown_only());
}
