//! The ledger: lines are added and never changed, by as many processes as there are.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::{Figure, Number, page};

/// One run as the ledger keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which figure.
    pub id: String,
    /// What was measured.
    pub what: String,
    /// Named numbers, in the order of the figure.
    pub measured: Vec<(String, Number)>,
    /// Whether runs add up.
    pub accumulates: bool,
    /// How to measure it again.
    pub command: String,
    /// What it says nothing about.
    pub covers_not: String,
    /// The commit that was checked out.
    pub commit: String,
    /// Whether the tree was other than that commit, the evidence itself left out.
    pub dirty: bool,
    /// The day in UTC, `2026-11-21`.
    pub date: String,
}

impl Entry {
    /// A figure, measured now on what is checked out.
    pub fn now(figure: &Figure<'_>) -> Entry {
        Entry {
            id: figure.id.to_owned(),
            what: figure.what.to_owned(),
            measured: figure.measured.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
            accumulates: figure.accumulates,
            command: figure.command.to_owned(),
            covers_not: figure.covers_not.to_owned(),
            commit: said("git", &["rev-parse", "--short", "HEAD"]),
            dirty: !said("git", &["--no-optional-locks", "status", "--porcelain", "--", ".", ":!server/docs/evidence*"]).is_empty(),
            date: said("date", &["-u", "+%F"]),
        }
    }
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(workspace()).output().unwrap();
    assert!(output.status.success(), "{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The folder that holds `evidence.jsonl`, `evidence-bugs.md` and the page made of them, `evidence.md`.
#[derive(Clone, Debug)]
pub struct Ledger(PathBuf);

impl Ledger {
    /// The one of this repository.
    pub fn of_the_workspace() -> Ledger {
        Ledger::at(&workspace().join("server/docs"))
    }

    /// One in another folder.
    pub fn at(folder: &Path) -> Ledger {
        Ledger(folder.to_owned())
    }

    /// Adds a line and writes the page anew, both or neither beside other processes that do the same.
    pub fn append(&self, entry: &Entry) {
        let mut file = self.locked();
        let line = serde_json::to_string(entry).unwrap() + "\n";
        file.write_all(line.as_bytes()).unwrap();
        self.replace_page();
    }

    /// Writes the page anew.
    pub fn write_page(&self) {
        let _lock = self.locked();
        self.replace_page();
    }

    /// The page as the ledger and the list of bugs make it.
    pub fn page(&self) -> String {
        page::page(&self.entries(), &page::bugs(&self.text("evidence-bugs.md")))
    }

    /// Whether the page in the file is the one that ledger and bugs make, while nobody adds to them.
    pub fn is_current(&self) -> bool {
        let _lock = self.locked();
        self.page() == self.page_on_disk()
    }

    /// The page as it stands in the file.
    pub fn page_on_disk(&self) -> String {
        self.text("evidence.md")
    }

    /// Every line, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("evidence.jsonl: {error}: {line}"));
        self.text("evidence.jsonl").lines().map(parse).collect()
    }

    /// Held until it is closed; the end of a process lets go of it.
    fn locked(&self) -> File {
        let file = OpenOptions::new().create(true).append(true).open(self.0.join("evidence.jsonl")).unwrap();
        file.lock().unwrap();
        file
    }

    fn replace_page(&self) {
        let unfinished = self.0.join(".evidence.md.unfinished");
        std::fs::write(&unfinished, self.page()).unwrap();
        std::fs::rename(unfinished, self.0.join("evidence.md")).unwrap();
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap_or_default()
    }
}
