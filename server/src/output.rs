//! How results are printed: columns for people, JSON for programs, ids only with `-q`. Data to stdout, everything else to stderr.

use std::io::Write as _;

use serde_json::Value;

use crate::cli::{Format, Global};

/// Prints a result. `columns` are the members a table shows; the first is the id.
pub(crate) fn print(global: &Global, columns: &[&str], value: &Value) {
    let text = if global.quiet {
        ids(columns, value)
    } else {
        match global.format {
            Format::Json => format!("{value:#}\n"),
            Format::Table => table(columns, value),
        }
    };
    write(&text);
}

/// Writes to stdout; a reader that has gone away is no error of ours.
pub(crate) fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn ids(columns: &[&str], value: &Value) -> String {
    let Some(id) = columns.first() else { return String::new() };
    lines(rows(value).into_iter().map(|row| cell(&row[*id])))
}

fn rows(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// Columns under their names for a list; names beside values for one thing.
fn table(columns: &[&str], value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "(none)\n".to_owned(),
        Value::Array(items) => columnar(columns, items),
        Value::Object(members) => {
            let width = members.keys().map(String::len).max().unwrap_or_default();
            // The columns first, in their order, then the rest by name.
            let first = columns.iter().filter_map(|name| members.get_key_value(*name));
            let rest = members.iter().filter(|(name, _)| !columns.contains(&name.as_str()));
            lines(first.chain(rest).map(|(name, value)| format!("{name:width$}  {}", cell(value))))
        }
        other => format!("{}\n", cell(other)),
    }
}

fn columnar(columns: &[&str], items: &[Value]) -> String {
    let mut rows = vec![columns.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>()];
    rows.extend(items.iter().map(|item| columns.iter().map(|name| cell(&item[*name])).collect()));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    lines(rows.iter().map(|row| {
        let padded: Vec<_> = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    }))
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// One value in one line; control characters, which a client's name may hold, do not reach the terminal.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_columns_and_one_thing_is_lines() {
        let list = json!([{ "id": "shop", "name": "The shop", "disabled": false }, { "id": "a", "name": null, "disabled": true }]);
        assert_eq!(table(&["id", "name", "disabled"], &list), "ID    NAME      DISABLED\nshop  The shop  no\na     -         yes\n");
        assert_eq!(table(&["id"], &json!({ "id": "shop", "uris": ["x", "y"] })), "id    shop\nuris  x y\n");
        assert_eq!(ids(&["id"], &list), "shop\na\n");
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        assert_eq!(cell(&json!("a\u{1b}[2J")), "a\u{fffd}[2J");
    }
}
