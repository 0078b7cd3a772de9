//! `plugins.lock`: the libraries that somebody looked at and approved, one JSON object a line.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::snapshot::Digest;
use crate::table::Description;

/// An approved library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
    /// The file's name, without folders.
    pub file: String,
    /// What it registers.
    pub plugins: Vec<Description>,
}

/// All approved libraries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    entries: Vec<Approved>,
}

/// What the lock says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// These very bytes are approved.
    Approved(&'a Approved),
    /// A file of this name is approved, with other bytes.
    Changed(&'a Approved),
    /// Nothing is known of it.
    Unknown,
}

impl Lock {
    /// Reads a lock; a file that does not exist is an empty one.
    ///
    /// # Errors
    /// [`Refusal::Lock`] naming the line.
    pub fn read(path: &Path) -> Result<Lock, Refusal> {
        match std::fs::read_to_string(path) {
            Ok(text) => Lock::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
            Err(error) => Err(Refusal::Lock(error.to_string())),
        }
    }

    /// Understands the text of a lock.
    ///
    /// # Errors
    /// [`Refusal::Lock`] naming the line.
    pub fn parse(text: &str) -> Result<Lock, Refusal> {
        let mut entries: Vec<Approved> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
            let wrong = |why: String| Refusal::Lock(format!("line {}: {why}", index + 1));
            let entry: Approved = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            let is_digest = entry.sha256.len() == 64 && entry.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_digest {
                return Err(wrong("sha256 is not 64 lower-case hex digits".into()));
            }
            if entries.iter().any(|other| other.sha256 == entry.sha256) {
                return Err(wrong("this library stands there twice".into()));
            }
            entries.push(entry);
        }
        Ok(Lock { entries })
    }

    /// The text, sorted by file name.
    pub fn text(&self) -> String {
        let mut lines = vec!["# Libraries that `keyhook serve` loads. Written by `keyhook plugin approve`.".to_owned()];
        lines.extend(self.entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()));
        lines.join("\n") + "\n"
    }

    /// Replaces the file in one step.
    ///
    /// # Errors
    /// [`Refusal::Lock`] when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Refusal> {
        let unfinished = path.with_extension("lock.new");
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&unfinished)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&unfinished, path)
        };
        write().map_err(|error| Refusal::Lock(format!("{}: {error}", path.display())))
    }

    /// What is approved.
    pub fn entries(&self) -> &[Approved] {
        &self.entries
    }

    /// Approves a library; gives the entry of the same file name, the same plugin or the same bytes that it replaces, the first of them
    /// if there are several.
    pub fn approve(&mut self, library: Approved) -> Option<Approved> {
        let is_same_plugin = |entry: &Approved| {
            let names = |plugins: &[Description]| plugins.iter().map(|plugin| plugin.name.clone()).collect::<Vec<_>>();
            entry.file == library.file || names(&entry.plugins) == names(&library.plugins) || entry.sha256 == library.sha256
        };
        let (replaced, mut entries): (Vec<_>, Vec<_>) = std::mem::take(&mut self.entries).into_iter().partition(is_same_plugin);
        entries.push(library);
        entries.sort_by(|left, right| left.file.cmp(&right.file));
        self.entries = entries;
        replaced.into_iter().next()
    }

    /// Takes the approval of a plugin back; `false` if there was none.
    pub fn revoke(&mut self, plugin: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.plugins.iter().all(|known| known.name != plugin));
        self.entries.len() < before
    }

    /// Whether a file of this name is approved, whatever its bytes.
    pub fn names(&self, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default();
        self.entries.iter().any(|entry| name == entry.file.as_str())
    }

    /// Whether a file is approved with the very bytes that it has.
    ///
    /// # Errors
    /// [`Refusal::Changed`] with both digests, [`Refusal::NotApproved`].
    pub fn check(&self, file: &Path, digest: Digest) -> Result<(), Refusal> {
        match self.standing(file, digest) {
            Standing::Approved(_) => Ok(()),
            Standing::Changed(entry) => Err(Refusal::Changed { approved: entry.sha256.chars().take(12).collect(), found: digest.short() }),
            Standing::Unknown => Err(Refusal::NotApproved),
        }
    }

    /// What the lock says of a file.
    pub fn standing(&self, file: &Path, digest: Digest) -> Standing<'_> {
        let hex = digest.hex();
        if let Some(entry) = self.entries.iter().find(|entry| entry.sha256 == hex) {
            return Standing::Approved(entry);
        }
        let name = file.file_name().unwrap_or_default();
        match self.entries.iter().find(|entry| name == entry.file.as_str()) {
            Some(entry) => Standing::Changed(entry),
            None => Standing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn library(file: &str, plugin: &str, byte: &str) -> Approved {
        let plugins = vec![Description { name: plugin.to_owned(), version: String::new(), hooks: Vec::new(), routes: Vec::new() }];
        Approved { sha256: byte.repeat(32), file: file.to_owned(), plugins }
    }

    /// Somebody moves one approved library over another and approves it there.
    #[test]
    fn a_library_that_replaces_two_leaves_neither_and_the_lock_stays_readable() {
        let mut lock = Lock::default();
        assert_eq!(lock.approve(library("old.so", "old", "aa")), None);
        assert_eq!(lock.approve(library("young.so", "young", "bb")), None);
        let moved = library("old.so", "young", "bb");
        assert_eq!(lock.approve(moved.clone()).unwrap().file, "old.so");
        assert_eq!(lock.entries(), [moved]);
        assert_eq!(Lock::parse(&lock.text()).unwrap(), lock);
    }
}
