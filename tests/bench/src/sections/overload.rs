//! More requests than the server can answer, at a rate that does not wait for it.

use std::time::Duration;

use super::tokens;
use crate::client::{Crew, Script};
use crate::plan::Plan;
use crate::server::{Keyhook, Setup};
use crate::table::{Table, Verdict};

/// More than may be answered at once (`[server.limits] requests`).
const CONNECTIONS: usize = 4000;
const OFFERED: f64 = 2.0;
const TIME: Duration = Duration::from_secs(5);

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("overload", "overload") {
        return;
    }
    let keyhook = Keyhook::start(&plan.folder, &Setup::default());
    let capacity = tokens(plan, &keyhook).turn(plan.turn).measured.rate();
    let scripts = (0..CONNECTIONS).map(|_| Box::new(keyhook.token()) as Box<dyn Script>);
    let measured = Crew::connect(&keyhook.address(), scripts).run_paced(OFFERED * capacity, TIME);
    let answers = measured.count() as f64 + measured.refused as f64;
    let refused = measured.refused as f64 / answers;
    let what = format!("{OFFERED:.0} × the capacity offered: refused with 503 and Retry-After");
    let figure = format!("{:.0} %, and {:.0} % of the capacity answered", 100.0 * refused, 100.0 * measured.rate() / capacity);
    table.add(&what, &figure, "bounded", Verdict::Free);
    let p99 = measured.percentile_millis(99);
    let goal = 5.0 * table.fdatasync_millis();
    let figure = format!("p99 {p99:.0} ms, median {:.0} ms", measured.percentile_millis(50));
    table.add(
        "the same: those that were answered",
        &figure,
        &format!("≤ 5 fsyncs ({goal:.1} ms)"),
        Verdict::at_most(p99, goal).shown_only(),
    );
}
