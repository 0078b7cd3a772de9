//! `docs/configuration.md` and the reader know the same keys, defaults and variables, and the page's examples are right.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const PAGE: &str = include_str!("../../docs/configuration.md");
const PLUGINS_PAGE: &str = include_str!("../../docs/plugins.md");
const OPERATIONS_PAGE: &str = include_str!("../../docs/operations.md");

/// Stands for whatever name people choose.
const ANY: &str = "ANY";
/// A key that no section has and that resembles none.
const PROBE: &str = "0000000000000000";

/// What `serve` cannot do without, and one plugin.
fn right() -> Table {
    parsed(&format!(
        "[server]\nissuer = \"https://login.example\"\ntls = \"behind_proxy\"\n[keys]\nmaster_file = \"master.key\"\n[plugins.{ANY}]\n[grants.{ANY}]\n"
    ))
}

fn parsed(text: &str) -> Table {
    let source = Arc::new(SourceText { name: "keyhook.toml".to_owned(), text: text.to_owned() });
    tree::parse(&source).map_err(Diagnostics).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

/// What the reader is.
enum Place {
    /// A section with these keys.
    Section(Vec<String>),
    /// A table whose keys are people's own.
    Free,
    /// A key.
    Key,
}

/// Asks the reader itself, by the way in which it refuses a key that nobody knows.
fn place(path: &[String]) -> Place {
    let mut root = right();
    let mut names: Vec<&str> = path.iter().map(String::as_str).collect();
    names.push(PROBE);
    let nobody_takes_this = Node { origin: Origin::Given("probe"), value: Value::Array(vec![number()]) };
    set(&mut root, &names, nobody_takes_this);
    let Err(Diagnostics(wrong)) = Config::from_tree(Mode::Serve, &root, Vec::new()) else { return Place::Key };
    let about_probe = wrong.iter().find(|diagnostic| diagnostic.message.contains(&format!("`{PROBE}`")));
    match about_probe {
        Some(found) if found.code == "KH1004" => {
            let known = found.label.strip_prefix("known here: ").unwrap_or_else(|| panic!("{}", found.label));
            Place::Section(known.split(", ").map(str::to_owned).collect())
        }
        Some(_) => Place::Free,
        None => Place::Key,
    }
}

fn number() -> Node {
    Node { origin: Origin::Given("probe"), value: Value::Integer(0) }
}

/// Every key that the reader knows, by its dotted path.
fn known() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::new(), vec!["plugins".to_owned(), ANY.to_owned()], vec!["grants".to_owned(), ANY.to_owned()]];
    while let Some(path) = open.pop() {
        match place(&path) {
            Place::Section(keys) => open.extend(keys.into_iter().map(|key| [path.clone(), vec![key]].concat())),
            Place::Free => drop(found.insert(format!("{}.{ANY}", path.join(".")))),
            Place::Key => drop(found.insert(path.join("."))),
        }
    }
    found
}

/// A row of the page.
struct Row {
    default: String,
    environment: String,
}

/// Every key that the page has, by its dotted path; names in capitals are people's own.
fn documented() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let mut section = None;
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = match title.strip_prefix('[').and_then(|title| title.strip_suffix(']')) {
                Some(name) => Some(format!("{name}.")),
                None => (title == "Top level").then(String::new),
            };
        }
        let (Some(section), Some(row)) = (&section, line.strip_prefix("| `")) else { continue };
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches('`')).collect();
        let [key, _, default, environment, _] = cells.as_slice() else { panic!("five columns: {line}") };
        let path = anonymous(&format!("{section}{key}"));
        let row = Row { default: (*default).to_owned(), environment: (*environment).to_owned() };
        assert!(rows.insert(path, row).is_none(), "twice: {line}");
    }
    rows
}

fn anonymous(path: &str) -> String {
    let own = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    path.split('.').map(|part| if own(part) { ANY } else { part }).collect::<Vec<_>>().join(".")
}

#[test]
fn every_key_that_is_read_is_on_the_page_and_every_key_on_the_page_is_read() {
    let (known, documented) = (known(), documented().into_keys().collect::<BTreeSet<_>>());
    assert!(known.len() > 50 && known.contains("server.limits.head") && known.contains(&format!("hooks.{ANY}")), "{known:?}");
    let (only_known, only_documented): (Vec<_>, Vec<_>) =
        (known.difference(&documented).collect(), documented.difference(&known).collect());
    assert!(only_known.is_empty() && only_documented.is_empty(), "not on the page: {only_known:?}; not read: {only_documented:?}");
}

#[test]
fn the_defaults_on_the_page_are_those_in_effect() {
    let config = Config::from_tree(Mode::Serve, &right(), Vec::new()).map_err(|wrong| wrong.to_string()).unwrap();
    let documented = documented();
    for shown in config.shown {
        let default = &documented[&shown.path].default;
        match shown.origin {
            Origin::Default => assert_eq!(*default, shown.value, "{}", shown.path),
            // What `serve` cannot do without.
            _ => assert!(["(not set)", "[]"].contains(&default.as_str()), "{}", shown.path),
        }
    }
}

#[test]
fn the_variables_on_the_page_set_their_keys() {
    for (path, row) in documented() {
        let names = row.environment.split("__").map(|name| if ["NAME", "HOOK", "SCOPE"].contains(&name) { ANY } else { name });
        let variable = (names.collect::<Vec<_>>().join("__"), "probe".to_owned());
        let mut root = right();
        environment::overlay(&mut root, &[variable], &|_| Err(std::io::ErrorKind::NotFound.into())).map_err(Diagnostics).ok().unwrap();
        assert_eq!(text_at(&root, &path), Some("probe"), "{path}");
    }
}

/// The text at a dotted path, whose names may be spelled in lower case.
fn text_at<'t>(root: &'t Table, path: &str) -> Option<&'t str> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let (_, node) = root.iter().find(|(key, _)| key.eq_ignore_ascii_case(first))?;
    match &node.value {
        Value::Table(table) => text_at(table, rest),
        Value::String(text) => rest.is_empty().then_some(text),
        _ => None,
    }
}

/// The TOML of a page.
fn examples(page: &str) -> impl Iterator<Item = &str> {
    page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next())
}

/// Whether a configuration is right, but for a store that this build left out.
fn accepted(root: &Table, text: &str) {
    let Err(Diagnostics(wrong)) = Config::from_tree(Mode::Serve, root, Vec::new()) else { return };
    assert!(wrong.iter().all(|diagnostic| diagnostic.code == "KH0470"), "{}\n{text}", Diagnostics(wrong));
}

#[test]
fn every_example_is_accepted() {
    assert!(examples(PAGE).count() >= 5);
    for text in examples(PAGE) {
        accepted(&parsed(text), text);
    }
    for text in examples(PLUGINS_PAGE).chain(examples(OPERATIONS_PAGE)).filter(|text| !text.contains("[package]")) {
        let mut root = right();
        merge(&mut root, parsed(text));
        accepted(&root, text);
    }
}
