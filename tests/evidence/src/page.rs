//! The page: a row for everything that was measured, the promises that were not, and the bugs that measuring found.

use std::fmt::Write as _;

use crate::figures::{Applies, FIGURES, Promise};
use crate::{Entry, Number};

const HEAD: &str = "\
# Evidence

What is promised, what was measured, by which command, at which commit, and what the figure does not cover. Written from
`evidence.jsonl` by `./runtests.sh evidence`; a command adds to it when `KEYHOOK_EVIDENCE=1` is set. Rows that say \"in N runs\" add
up: counts are summed, of measures the largest stands. A `*` after a commit: the tree had uncommitted changes.

A figure tells what was tried, not that nothing else can happen.

";

/// The whole page.
pub(super) fn page(entries: &[Entry], bugs: &[Bug<'_>]) -> String {
    let mut page = HEAD.to_owned();
    page += "| figure | measured | command | commit, date | does not cover |\n|---|---|---|---|---|\n";
    for promise in FIGURES {
        let rows = rows(entries, promise.id);
        if rows.is_empty() {
            let state = if matches!(promise.applies, Applies::NotYet(_)) { "does not apply yet" } else { "not measured yet" };
            let _ = writeln!(page, "| {} | {state} | | | {} |", promised(promise), cell(not_yet(promise)));
        }
        for (index, row) in rows.iter().enumerate() {
            let first = if index == 0 { promised(promise) } else { format!("**{}**", promise.id) };
            page += &row.line(&first, if index == 0 { not_yet(promise) } else { "" });
        }
    }
    page += "\n## Bugs that measuring found\n\n";
    if bugs.is_empty() {
        page += "None yet.\n";
        return page;
    }
    page += "| date | found by | what | mended by |\n|---|---|---|---|\n";
    for Bug([date, found_by, what, mended_by]) in bugs {
        let _ = writeln!(page, "| {} | {} | {} | {} |", cell(date), cell(found_by), cell(what), cell(mended_by));
    }
    page
}

fn promised(promise: &Promise) -> String {
    format!("**{}** {}; target: {}", promise.id, cell(promise.what), cell(promise.target))
}

fn not_yet(promise: &Promise) -> &'static str {
    match promise.applies {
        Applies::Wholly => "",
        Applies::Except(reason) | Applies::NotYet(reason) => reason,
    }
}

/// The runs of one figure and one `what`.
struct Row<'a> {
    last: &'a Entry,
    runs: Vec<&'a Entry>,
}

fn rows<'a>(entries: &'a [Entry], id: &str) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.id == id) {
        match rows.iter_mut().find(|row| row.last.what == entry.what) {
            Some(row) if entry.accumulates => {
                row.last = entry;
                row.runs.push(entry);
            }
            Some(row) => *row = Row { last: entry, runs: vec![entry] },
            None => rows.push(Row { last: entry, runs: vec![entry] }),
        }
    }
    rows
}

impl Row<'_> {
    fn line(&self, first: &str, not_yet: &str) -> String {
        let numbers: Vec<_> = self.sums().iter().map(|(name, value)| format!("{} {}", cell(name), number(*value))).collect();
        let runs = if self.last.accumulates { format!(", in {}", times(self.runs.len())) } else { String::new() };
        let covers_not: Vec<_> = [self.last.covers_not.as_str(), not_yet].into_iter().filter(|text| !text.is_empty()).map(cell).collect();
        let (what, numbers, covers_not) = (cell(&self.last.what), numbers.join(", "), covers_not.join("; "));
        format!("| {first} | {what}: {numbers}{runs} | `{}` | {} | {covers_not} |\n", cell(&self.last.command), self.when())
    }

    fn sums(&self) -> Vec<(&str, Number)> {
        let mut sums: Vec<(&str, Number)> = Vec::new();
        for (name, value) in self.runs.iter().flat_map(|run| &run.measured) {
            match sums.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum = together(*sum, *value),
                None => sums.push((name, *value)),
            }
        }
        sums
    }

    fn when(&self) -> String {
        let moment = |entry: &Entry| format!("{}{}, {}", entry.commit, if entry.dirty { "\\*" } else { "" }, entry.date);
        let (first, last) = (moment(self.runs[0]), moment(self.last));
        if first == last { last } else { format!("{first} to {last}") }
    }
}

fn together(left: Number, right: Number) -> Number {
    match (left, right) {
        (Number::Count(left), Number::Count(right)) => Number::Count(left + right),
        (Number::Measure(left), Number::Measure(right)) => Number::Measure(left.max(right)),
        _ => panic!("one name is counted in one run and measured in another: {left:?}, {right:?}"),
    }
}

fn times(runs: usize) -> String {
    if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") }
}

/// A number as people read it: `102,400`, `3.27`.
pub(super) fn number(number: Number) -> String {
    match number {
        Number::Measure(measure) if measure.abs() >= 100.0 => format!("{measure:.0}"),
        Number::Measure(measure) => format!("{measure:.2}"),
        Number::Count(count) => {
            let digits = count.to_string();
            let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|part| str::from_utf8(part).unwrap()).collect();
            parts.join(",")
        }
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A bug: date, found by, what, mended by.
pub(super) struct Bug<'a>([&'a str; 4]);

/// The lines `date · found by · what · mended by` of the list of bugs.
pub(super) fn bugs(list: &str) -> Vec<Bug<'_>> {
    let lines =
        list.lines().map(|line| line.trim_start_matches("- ")).filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    lines
        .map(|line| {
            let parts: Vec<_> = line.split(" · ").map(str::trim).collect();
            Bug(parts.try_into().unwrap_or_else(|_| panic!("evidence-bugs.md: not `date · found by · what · mended by`: {line}")))
        })
        .collect()
}
