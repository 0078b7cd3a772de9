#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn a_code_is_found_however_it_is_written() {
    for written in ["KH1004", "kh1004", "1004"] {
        assert_eq!(find(written).unwrap().code, "KH1004");
    }
    assert_eq!(find("KH0207").unwrap(), find("207").unwrap());
    assert!(find("KH9999").unwrap_err().is_some());
}

#[test]
fn every_file_of_the_catalog_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes");
    let mut there: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    let mut embedded: Vec<_> = CHAPTERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    embedded.sort();
    assert_eq!(there, embedded);
}

#[test]
fn every_code_in_the_sources_has_one_entry_and_every_entry_a_use() {
    let mut described = BTreeMap::<&str, usize>::new();
    for entry in entries() {
        assert!(!entry.title.is_empty() && !entry.text.is_empty(), "{} has no title or no text", entry.code);
        *described.entry(entry.code).or_default() += 1;
    }
    let doubles: Vec<_> = described.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubles.is_empty(), "described twice: {doubles:?}");

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let used: BTreeSet<String> =
        ["server", "plugin-api"].iter().flat_map(|part| sources(&root.join(part))).flat_map(|path| codes(&path)).collect();
    let undescribed: Vec<_> = used.iter().filter(|code| !described.contains_key(code.as_str())).collect();
    let unused: Vec<_> = described.keys().filter(|code| !used.contains(**code)).collect();
    assert!(undescribed.is_empty() && unused.is_empty(), "without an entry: {undescribed:?}; without a use: {unused:?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.contains("tests") {
            found.push(path);
        }
    }
    found
}

/// The codes in a source's text, its tests left out.
fn codes(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("mod tests {").next().unwrap_or_default();
    let starts = text.match_indices("KH").map(|(at, _)| &text[at..]);
    starts
        .filter_map(|rest| {
            let digits: String = rest[2..].chars().take_while(char::is_ascii_digit).collect();
            (digits.len() == 4).then(|| format!("KH{digits}"))
        })
        .collect()
}
