//! What hooks add to a token request: plugins as libraries, on `access_token_response`.

use super::tokens;
use crate::plan::Plan;
use crate::race::Race;
use crate::server::libraries::copies;
use crate::server::{Folder, Keyhook, Setup};
use crate::table::{Table, Verdict};

/// A library of `tests/bench/plugins`, and how many plugins are made of it.
struct Sort {
    library: &'static str,
    count: usize,
}

const NONE: usize = 0;
const TEN: usize = 1;
const HUNDRED: usize = 2;
const TEN_EDITING: usize = 3;
const ONE_BLOCKING: usize = 4;
const TEN_BLOCKING: usize = 5;
const SORTS: [Sort; 6] = [
    Sort { library: "looking", count: 0 },
    Sort { library: "looking", count: 10 },
    Sort { library: "looking", count: 100 },
    Sort { library: "editing", count: 10 },
    Sort { library: "blocking", count: 1 },
    Sort { library: "blocking", count: 10 },
];

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("plugins", "plugins") {
        return;
    }
    let folder = Folder::new(&plan.folder);
    let servers = SORTS.map(|sort| {
        let plugins = copies(sort.library, sort.count, folder.path());
        Keyhook::start(&plan.folder, &Setup { plugins, ..Setup::default() })
    });
    let race = Race::run(plan, &mut servers.each_ref().map(|server| tokens(plan, server)));
    let added = Added(&race);
    let inline_goal = |index, goal: f64| (format!("≤ {:.0} %", 100.0 * goal), Verdict::at_most(added.times(index), 1.0 + goal));
    let blocking_goal = added.times(ONE_BLOCKING) + (added.times(TEN) - 1.0).max(0.0);
    let rows = [
        ("10 plugins whose inline hooks have nothing to do", TEN, inline_goal(TEN, 0.03)),
        ("100 plugins whose inline hooks have nothing to do", HUNDRED, inline_goal(HUNDRED, 0.15)),
        ("10 plugins whose inline hooks set a member", TEN_EDITING, (String::new(), Verdict::Free)),
        ("1 plugin with a blocking hook", ONE_BLOCKING, (String::new(), Verdict::Free)),
        (
            "10 plugins with blocking hooks",
            TEN_BLOCKING,
            ("≤ 1 blocking + 10 inline".to_owned(), Verdict::at_most(added.times(TEN_BLOCKING), blocking_goal)),
        ),
    ];
    for (what, index, (goal, verdict)) in rows {
        table.add(what, &added.shown(index), &goal, verdict);
    }
}

/// What plugins add to the processor time of a token request.
struct Added<'a>(&'a Race);

impl Added<'_> {
    /// Processor time as a multiple of that without plugins.
    fn times(&self, index: usize) -> f64 {
        1.0 / self.0.cpu_ratio(index, NONE)
    }

    fn shown(&self, index: usize) -> String {
        let micros = self.0.cpu_micros(NONE) * (self.times(index) - 1.0);
        let each = 1000.0 * micros / SORTS[index].count as f64;
        format!("{:+.1} % processor time, {each:.0} ns a hook", 100.0 * (self.times(index) - 1.0))
    }
}
