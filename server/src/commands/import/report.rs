//! What an import did, in counts; what was left out, with the reason. Clients are named, tokens never.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::cli::{Format, Global};
use crate::output;

/// Sorts of things that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Client,
    Access,
    Refresh,
    Code,
    Request,
}

impl Sort {
    /// What a system of OAuth 2 has.
    pub(super) const OAUTH2: &[Sort] = &[Sort::Client, Sort::Access, Sort::Refresh, Sort::Code];
    /// What a system of OAuth 1.0a has.
    pub(super) const OAUTH1: &[Sort] = &[Sort::Client, Sort::Access, Sort::Request];

    const fn name(self) -> &'static str {
        match self {
            Sort::Client => "clients",
            Sort::Access => "access tokens",
            Sort::Refresh => "refresh tokens",
            Sort::Code => "codes",
            Sort::Request => "request tokens",
        }
    }
}

/// Something that cannot be read, or is not to be.
pub(super) struct Unreadable {
    pub(super) sort: Sort,
    /// What it is called, if that is no secret.
    pub(super) name: Option<String>,
    pub(super) why: &'static str,
}

/// What was read of one thing.
pub(super) type Read<T> = Result<T, Unreadable>;

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Imported,
    AlreadyThere,
}

#[derive(Default)]
struct Count {
    imported: u64,
    already_there: u64,
    left_out: u64,
}

/// The report of an import.
#[derive(Default)]
pub(super) struct Report {
    /// What the other system has; counted is all that occurs.
    sorts: &'static [Sort],
    counts: BTreeMap<Sort, Count>,
    /// How many were left out, by reason.
    reasons: BTreeMap<(Sort, &'static str), u64>,
    /// Clients that were left out.
    clients: Vec<String>,
    notes: Vec<String>,
    /// How often something was changed on the way, by what it was.
    changed: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Nothing yet, of these sorts.
    pub(super) fn of(sorts: &'static [Sort]) -> Report {
        Report { sorts, ..Report::default() }
    }

    /// Counts one thing.
    pub(super) fn count(&mut self, sort: Sort, outcome: Outcome) {
        let count = self.counts.entry(sort).or_default();
        match outcome {
            Outcome::Imported => count.imported += 1,
            Outcome::AlreadyThere => count.already_there += 1,
        }
    }

    /// Counts things that were left out for one reason.
    pub(super) fn leave_out(&mut self, sort: Sort, why: &'static str, many: u64) {
        if many > 0 {
            self.counts.entry(sort).or_default().left_out += many;
            *self.reasons.entry((sort, why)).or_default() += many;
        }
    }

    /// Counts a client that was left out, and names it.
    pub(super) fn leave_out_client(&mut self, name: &str, why: &str) {
        self.counts.entry(Sort::Client).or_default().left_out += 1;
        self.clients.push(format!("client `{name}`: {why}"));
    }

    /// Counts something that could not be read.
    fn unreadable(&mut self, unreadable: Unreadable) {
        match unreadable.name {
            Some(name) => self.leave_out_client(&name, unreadable.why),
            None => self.leave_out(unreadable.sort, unreadable.why, 1),
        }
    }

    /// Says something that an operator should know.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Counts something that is not as it was.
    pub(super) fn changed(&mut self, what: &'static str) {
        *self.changed.entry(what).or_default() += 1;
    }

    /// What was read; what could not be is counted.
    pub(super) fn readable<T>(&mut self, read: Read<T>) -> Option<T> {
        read.map_err(|unreadable| self.unreadable(unreadable)).ok()
    }

    /// How many were imported: `3 clients, 12 access tokens`.
    pub(super) fn imported(&self) -> String {
        let some = self.counts.iter().filter(|(_, count)| count.imported > 0);
        let said: Vec<String> = some.map(|(sort, count)| format!("{} {}", count.imported, sort.name())).collect();
        if said.is_empty() { "nothing".to_owned() } else { said.join(", ") }
    }

    /// Prints it.
    pub(super) fn print(&self, global: &Global, from: &str, dry: bool) {
        let outcome = if dry { "dry run, nothing was written" } else { "imported" };
        if global.format == Format::Table && !global.quiet {
            output::write(&self.text(from, outcome));
        } else {
            output::print(global, &["from"], &self.json(from, outcome));
        }
    }

    fn json(&self, from: &str, outcome: &str) -> Value {
        let mut members = Map::new();
        members.insert("from".into(), from.into());
        members.insert("outcome".into(), outcome.into());
        for sort in self.sorts.iter().chain(self.counts.keys()).copied().collect::<BTreeSet<_>>() {
            let none = Count::default();
            let count = self.counts.get(&sort).unwrap_or(&none);
            let counted = json!({ "imported": count.imported, "already_there": count.already_there, "left_out": count.left_out });
            members.insert(sort.name().replace(' ', "_"), counted);
        }
        members.insert("left_out".into(), self.left_out().collect());
        members.insert("notes".into(), self.said().collect());
        Value::Object(members)
    }

    fn text(&self, from: &str, outcome: &str) -> String {
        let mut text = format!("{from}: {outcome}\n\n{:<16}{:>10}{:>16}{:>10}\n", "", "imported", "already there", "left out");
        for (sort, count) in &self.counts {
            let Count { imported, already_there, left_out } = count;
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:<16}{imported:>10}{already_there:>16}{left_out:>10}", sort.name());
        }
        let chapter = |title: &str, lines: Vec<String>| {
            let shown = |text: String, line: &String| text + "  " + &line.replace(char::is_control, "\u{fffd}") + "\n";
            let lines = lines.iter().fold(String::new(), shown);
            if lines.is_empty() { lines } else { format!("\n{title}\n{lines}") }
        };
        text + &chapter("left out", self.left_out().collect()) + &chapter("to know", self.said().collect())
    }

    fn left_out(&self) -> impl Iterator<Item = String> {
        let counted = self.reasons.iter().map(|((sort, why), count)| format!("{count} {}: {why}", sort.name()));
        self.clients.iter().cloned().chain(counted)
    }

    fn said(&self) -> impl Iterator<Item = String> {
        self.notes.iter().cloned().chain(self.changed.iter().map(|(what, count)| format!("{count} {what}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_and_says_what_was_left_out_and_why() {
        let mut report = Report::default();
        report.count(Sort::Client, Outcome::Imported);
        report.count(Sort::Access, Outcome::AlreadyThere);
        report.leave_out(Sort::Access, "they have ended", 2);
        report.leave_out(Sort::Code, "never counted", 0);
        report.leave_out_client("a\u{1b}b", "it has no secret");
        report.changed("tokens had no end");
        assert_eq!(report.imported(), "1 clients");
        let json = report.json("mysql://db/x", "imported");
        assert_eq!(json["clients"], json!({ "imported": 1, "already_there": 0, "left_out": 1 }));
        assert_eq!(json["access_tokens"]["left_out"], 2);
        assert_eq!(json["left_out"], json!(["client `a\u{1b}b`: it has no secret", "2 access tokens: they have ended"]));
        let text = report.text("mysql://db/x", "imported");
        assert!(text.contains("access tokens            0               1         2\n"), "{text}");
        assert!(text.contains("1 tokens had no end") && !text.contains('\u{1b}') && !text.contains("codes"), "{text}");
    }
}
