//! Layers of configuration merged into one tree in which every value knows its origin.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Spot};
use super::text::{Origin, Place, SourceText};

/// A table by key.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value with its origin.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// A value as it was written.
#[derive(Clone)]
pub(crate) enum Value {
    String(String),
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What a person calls this type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "a string",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a number with a fraction",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Value::String(text) | Value::Datetime(text) => text.as_str().into(),
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Array(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Value::Table(table) => serde_json::Value::Object(table.iter().map(|(key, node)| (key.clone(), node.value.to_json())).collect()),
        }
    }
}

/// Reads a file's text; every syntax error is found.
pub(crate) fn parse(source: &Arc<SourceText>) -> Result<Table, Vec<Diagnostic>> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return Ok(table(source, document.into_inner()));
    }
    Err(errors
        .into_iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            let place = Place { source: Arc::clone(source), span };
            Diagnostic {
                code: "KH1002",
                message: "this is not TOML".to_owned(),
                spot: Some(Spot::File(place)),
                label: one_line(error.message()),
            }
        })
        .collect())
}

/// What of a file can be understood, whatever else stands in it.
pub(crate) fn salvage(source: &Arc<SourceText>) -> Table {
    table(source, DeTable::parse_recoverable(&source.text).0.into_inner())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn table(source: &Arc<SourceText>, parsed: DeTable<'_>) -> Table {
    parsed
        .into_iter()
        .map(|(key, value)| {
            let place = Place { source: Arc::clone(source), span: key.span() };
            (key.into_inner().into_owned(), node(source, &place, value))
        })
        .collect()
}

fn node(source: &Arc<SourceText>, key: &Place, value: Spanned<DeValue<'_>>) -> Node {
    let place = Place { source: Arc::clone(source), span: value.span() };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Boolean(value) => Value::Boolean(value),
        // What does not fit into 64 bits is a string: whoever expects a number refuses it with its place.
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Integer)
        }
        DeValue::Float(number) => number.as_str().parse().map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Float),
        DeValue::Datetime(date) => Value::Datetime(date.to_string()),
        DeValue::Array(items) => Value::Array(
            items.into_iter().map(|item| node(source, &Place { source: Arc::clone(source), span: item.span() }, item)).collect(),
        ),
        DeValue::Table(inner) => Value::Table(table(source, inner)),
    };
    Node { origin: Origin::File { key: key.clone(), value: place }, value }
}

/// Lays `upper` over `lower`: tables are merged, everything else is replaced.
pub(crate) fn merge(lower: &mut Table, upper: Table) {
    for (key, node) in upper {
        match (lower.get_mut(&key), node) {
            (Some(Node { value: Value::Table(below), .. }), Node { value: Value::Table(above), .. }) => merge(below, above),
            (_, node) => {
                lower.insert(key, node);
            }
        }
    }
}

/// Sets one value by its path, making the tables above it.
pub(crate) fn set(root: &mut Table, path: &[&str], node: Node) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        root.insert((*key).to_owned(), node);
        return;
    }
    let origin = node.origin.clone();
    let below = root.entry((*key).to_owned()).or_insert_with(|| Node { origin: origin.clone(), value: Value::Table(Table::new()) });
    if !matches!(below.value, Value::Table(_)) {
        *below = Node { origin, value: Value::Table(Table::new()) };
    }
    if let Value::Table(inner) = &mut below.value {
        set(inner, rest, node);
    }
}
