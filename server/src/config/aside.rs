//! What a file says that `keyhook dev` decides itself: it is checked, set aside and told, so that one `keyhook.toml` serves both.

use std::path::Path;

use super::reader::{Report, Section, texts_of};
use super::sections::{Keys, Management, Server, StoreMap};
use super::text::Origin;
use super::tree::{Node, Table, Value};
use super::{Diagnostic, Mode, default_management};

/// Sections that are the development server's own.
const OWN: [&str; 4] = ["server", "management", "store", "keys"];

/// Takes out of a file's `table` what `keyhook dev` does not follow, and gives it in words. Its folders of libraries, those of
/// `base`, stay beside the file's.
///
/// # Errors
/// What is wrong with the sections that are set aside.
pub(crate) fn set_aside(table: &mut Table, base: &Table) -> Result<Vec<String>, Vec<Diagnostic>> {
    let own: Table = OWN.iter().filter_map(|name| table.remove_entry(*name)).collect();
    let wrong = findings(&own);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut told: Vec<String> = OWN.iter().filter(|name| own.contains_key(**name)).map(|name| format!("[{name}]")).collect();
    if !told.is_empty() {
        let last = told.len() - 1;
        told[last] += if last == 0 { " is dev's own" } else { " are dev's own" };
    }
    let mut text = Vec::from_iter((!told.is_empty()).then(|| told.join(", ")));
    for section in ["plugins", "handlers"] {
        text.extend(beside(table, base, section));
    }
    Ok(text)
}

fn findings(own: &Table) -> Vec<Diagnostic> {
    let report = Report::default();
    let top = Section::root(own, &report);
    Server::read(top.section("server"));
    Management::read(top.section("management"), default_management(Mode::Serve));
    StoreMap::read(top.section("store"));
    Keys::read(top.section("keys"));
    report.wrong.into_inner()
}

/// Puts the folders of `base` before those of the file, and leaves out what is not on this machine.
fn beside(table: &mut Table, base: &Table, section: &str) -> Vec<String> {
    let Some(Node { value: Value::Table(read), .. }) = table.get_mut(section) else { return Vec::new() };
    let Some(node) = read.get_mut("directories") else { return Vec::new() };
    // What is no list of folders is refused where it is read.
    let Ok(named) = texts_of(node) else { return Vec::new() };
    let (there, missing): (Vec<_>, Vec<_>) = named.into_iter().partition(|folder| Path::new(folder).is_dir());
    let folders = match base.get(section) {
        Some(Node { value: Value::Table(own), .. }) => own.get("directories").and_then(|own| texts_of(own).ok()),
        _ => None,
    };
    let mut all = folders.unwrap_or_default();
    all.extend(there.into_iter().filter(|folder| !all.contains(folder)).collect::<Vec<_>>());
    let text = |text| Node { origin: Origin::Default, value: Value::String(text) };
    node.value = Value::Array(all.into_iter().map(text).collect());
    missing.into_iter().map(|folder| format!("{folder} is not there")).collect()
}
