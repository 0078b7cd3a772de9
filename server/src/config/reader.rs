//! Reads typed values out of one section of the tree, notes where each came from, and collects everything that is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::diagnostic::{Diagnostic, Spot};
use super::text::Origin;
use super::tree::{Node, Table, Value};
use super::units;
use crate::nearest::nearest;

/// An effective value with its origin, for `keyhook config show`.
#[derive(Clone)]
pub(crate) struct Shown {
    /// Dotted path of the key.
    pub(crate) path: String,
    /// The value as TOML; a secret is masked.
    pub(crate) value: String,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// What reading collects.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) wrong: RefCell<Vec<Diagnostic>>,
    pub(crate) shown: RefCell<Vec<Shown>>,
}

impl Report {
    /// Notes a finding.
    pub(crate) fn refuse(&self, code: &'static str, message: impl Into<String>, spot: Option<Spot>, label: impl Into<String>) {
        self.wrong.borrow_mut().push(Diagnostic { code, message: message.into(), spot, label: label.into() });
    }
}

/// A section of the configuration while it is read. [`Section::finish`] refuses what nobody asked for.
pub(crate) struct Section<'a> {
    path: String,
    table: &'a Table,
    known: RefCell<Vec<&'static str>>,
    pub(crate) report: &'a Report,
}

static EMPTY: Table = Table::new();

impl<'a> Section<'a> {
    /// The root.
    pub(crate) fn root(table: &'a Table, report: &'a Report) -> Section<'a> {
        Section { path: String::new(), table, known: RefCell::default(), report }
    }

    /// A section below this one; an absent one is empty.
    pub(crate) fn section(&self, key: &'static str) -> Section<'a> {
        let table = match self.node(key) {
            None => &EMPTY,
            Some(Node { value: Value::Table(table), .. }) => table,
            Some(other) => {
                self.wrong_type(key, other, "a table");
                &EMPTY
            }
        };
        Section { path: self.path_of(key), table, known: RefCell::default(), report: self.report }
    }

    /// The tables below this section whose names are not keys of its own, such as `[plugins.claims]`.
    pub(crate) fn named_sections(&self) -> Vec<(String, Section<'a>)> {
        let known = self.known.borrow().clone();
        let found = self.table.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        found
            .filter_map(|(name, node)| match &node.value {
                Value::Table(table) => {
                    let section = Section { path: self.path_of(name), table, known: RefCell::default(), report: self.report };
                    Some((name.clone(), section))
                }
                _ => None,
            })
            .collect()
    }

    /// Refuses keys that were never asked for, with the nearest known one. `tables` are read by [`Section::named_sections`].
    pub(crate) fn finish(self, tables_are_names: bool) {
        let known = self.known.borrow();
        for (key, node) in self.table {
            if known.contains(&key.as_str()) || (tables_are_names && matches!(node.value, Value::Table(_))) {
                continue;
            }
            let place = if self.path.is_empty() { String::from("at the top level") } else { format!("in [{}]", self.path) };
            let label = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.report.refuse("KH1004", format!("unknown key `{key}` {place}"), Spot::key_of(&node.origin), label);
        }
    }

    /// The node under a key, which thereby is known.
    pub(crate) fn node(&self, key: &'static str) -> Option<&'a Node> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.get(key)
    }

    /// Where a key was set.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.table.get(key).map_or(Origin::Default, |node| node.origin.clone())
    }

    /// Refuses the value under a key.
    pub(crate) fn refuse(&self, code: &'static str, key: &str, message: impl Into<String>, label: impl Into<String>) {
        self.report.refuse(code, message, Spot::value_of(&self.origin(key)), label);
    }

    /// Reads a value with `parse`; what is absent or wrong is `default`.
    pub(crate) fn read<T>(
        &self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Node) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> T {
        let (value, origin) = match self.node(key) {
            None => (default, Origin::Default),
            Some(node) => match parse(node) {
                Ok(value) => (value, node.origin.clone()),
                Err(label) => {
                    let message = format!("`{key}` in [{}] cannot be used", self.path);
                    self.report.refuse("KH1003", message, Spot::value_of(&node.origin), label);
                    (default, node.origin.clone())
                }
            },
        };
        self.report.shown.borrow_mut().push(Shown { path: self.path_of(key), value: show(&value), origin });
        value
    }

    /// A duration; a bare number is refused.
    pub(crate) fn duration(&self, key: &'static str, default: Duration, allowed: RangeInclusive<Duration>) -> Duration {
        let parse = |node: &Node| {
            let found = measured(node, "15m").and_then(units::duration)?;
            if allowed.contains(&found) {
                return Ok(found);
            }
            Err(format!("must be from {} to {}", units::show_duration(*allowed.start()), units::show_duration(*allowed.end())))
        };
        self.read(key, default, parse, |value| quoted(&units::show_duration(*value)))
    }

    /// A size in bytes; a bare number is refused.
    pub(crate) fn size(&self, key: &'static str, default: u64, allowed: RangeInclusive<u64>) -> u64 {
        let parse = |node: &Node| {
            let found = measured(node, "10MiB").and_then(units::size)?;
            if allowed.contains(&found) {
                return Ok(found);
            }
            Err(format!("must be from {} to {}", units::show_size(*allowed.start()), units::show_size(*allowed.end())))
        };
        self.read(key, default, parse, |value| quoted(&units::show_size(*value)))
    }

    /// A number.
    pub(crate) fn count(&self, key: &'static str, default: u32, allowed: RangeInclusive<u32>) -> u32 {
        let parse = |node: &Node| {
            let found = match &node.value {
                Value::Integer(number) => u32::try_from(*number).ok(),
                Value::String(text) if from_text(node) => text.parse().ok(),
                other => return Err(format!("expected a number, found {}", other.kind())),
            };
            found.filter(|number| allowed.contains(number)).ok_or_else(|| format!("must be from {} to {}", allowed.start(), allowed.end()))
        };
        self.read(key, default, parse, u32::to_string)
    }

    /// `true` or `false`.
    pub(crate) fn switch(&self, key: &'static str, default: bool) -> bool {
        self.read(key, default, bool_of, bool::to_string)
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str, default: Option<&str>) -> Option<String> {
        let show = |value: &Option<String>| value.as_deref().map_or_else(|| "(not set)".to_owned(), quoted);
        self.read(key, default.map(str::to_owned), |node| text_of(node).map(|text| Some(text.to_owned())), show)
    }

    /// A list of texts; a single text is a list of one.
    pub(crate) fn list(&self, key: &'static str, default: &[&str]) -> Vec<String> {
        let default = default.iter().map(|&text| text.to_owned()).collect();
        self.read(key, default, texts_of, |list: &Vec<String>| quoted_list(list))
    }

    /// Every key of the section with `parse`d value, for tables whose keys are the user's own.
    pub(crate) fn free<T>(&self, parse: impl Fn(&Node) -> Result<T, String>, show: impl Fn(&T) -> String) -> BTreeMap<String, T> {
        let mut found = BTreeMap::new();
        for (key, node) in self.table {
            match parse(node) {
                Ok(value) => {
                    let (path, value_shown) = (self.path_of(&quoted(key)), show(&value));
                    self.report.shown.borrow_mut().push(Shown { path, value: value_shown, origin: node.origin.clone() });
                    found.insert(key.clone(), value);
                }
                Err(label) => {
                    let message = format!("`{key}` in [{}] cannot be used", self.path);
                    self.report.refuse("KH1003", message, Spot::value_of(&node.origin), label);
                }
            }
        }
        found
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong_type(&self, key: &str, node: &Node, expected: &str) {
        let label = format!("expected {expected}, found {}", node.value.kind());
        self.report.refuse("KH1003", format!("`{}` cannot be used", self.path_of(key)), Spot::value_of(&node.origin), label);
    }
}

/// Whether the value came as text and has no type of its own.
fn from_text(node: &Node) -> bool {
    matches!(node.origin, Origin::Environment(_))
}

/// True or false; from the environment also by its name.
pub(crate) fn bool_of(node: &Node) -> Result<bool, String> {
    match &node.value {
        Value::Boolean(value) => Ok(*value),
        Value::String(text) if from_text(node) && matches!(text.as_str(), "true" | "false") => Ok(text == "true"),
        other => Err(format!("expected true or false, found {}", other.kind())),
    }
}

/// The text of a node.
pub(crate) fn text_of(node: &Node) -> Result<&str, String> {
    match &node.value {
        Value::String(text) => Ok(text),
        other => Err(format!("expected a string, found {}", other.kind())),
    }
}

/// The texts of a node: a list, one text, or in the environment texts between commas.
pub(crate) fn texts_of(node: &Node) -> Result<Vec<String>, String> {
    match &node.value {
        Value::String(text) if from_text(node) => {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| text_of(item).map(str::to_owned)).collect(),
        other => Err(format!("expected a list of strings, found {}", other.kind())),
    }
}

fn measured<'n>(node: &'n Node, example: &str) -> Result<&'n str, String> {
    match &node.value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Err(format!("a bare number has no unit; write a string such as \"{example}\" instead of {number}")),
        other => Err(format!("expected a string such as \"{example}\", found {}", other.kind())),
    }
}

/// A text in quotes, as TOML and JSON write it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(crate) fn quoted_list(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}
