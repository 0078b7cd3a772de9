//! From the start of the process to its first answer.

use std::path::PathBuf;

use crate::plan::Plan;
use crate::race::median;
use crate::server::keyhook::Prepared;
use crate::server::libraries::copies;
use crate::server::refill::Fill;
use crate::server::{Folder, Setup};
use crate::table::{Table, Verdict, thousands};

/// Starts of each sort; the first one, which makes the database, does not count.
const STARTS: usize = 7;
const PLUGINS: usize = 100;
const TOKENS: usize = 1_000_000;

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("start", "start") {
        return;
    }
    let folder = Folder::new(&plan.folder);
    let millis = |plugins: Vec<PathBuf>, fill| first_answer_millis(plan, &Setup { plugins, fill, ..Setup::default() });
    let empty = millis(Vec::new(), None);
    table.add("start to first answer", &format!("{empty:.0} ms"), "≤ 50 ms", Verdict::at_most(empty, 50.0));
    let full = millis(Vec::new(), Some(Fill::tokens(TOKENS, 0)));
    let what = format!("start to first answer with {} tokens", thousands(TOKENS as f64));
    table.add(&what, &format!("{full:.0} ms"), "≤ 1,000 ms", Verdict::at_most(full, 1000.0));
    let each = (millis(copies("looking", PLUGINS, folder.path()), None) - empty) / PLUGINS as f64;
    table.add("start, for each of 100 plugins", &format!("{each:.1} ms"), "≤ 3 ms", Verdict::at_most(each, 3.0));
}

fn first_answer_millis(plan: &Plan, setup: &Setup<'_>) -> f64 {
    let prepared = Prepared::new(&plan.folder, setup);
    drop(prepared.serve());
    median((0..STARTS).map(|_| prepared.serve().ready.as_secs_f64() * 1000.0).collect())
}
