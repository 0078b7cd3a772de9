//! The environment as a layer: `KEYHOOK_TOKENS__ACCESS_TTL=15m`, and `…_FILE` for what is secret.
//!
//! Only names with `__` belong to the configuration (and `KEYHOOK_COMPAT`): an orchestrator that links services sets
//! `KEYHOOK_PORT` and the like for a service called keyhook, and means something else.

use super::diagnostic::{Diagnostic, Spot};
use super::text::Origin;
use super::tree::{self, Node, Table, Value};

const PREFIX: &str = "KEYHOOK_";
/// Keys whose value may stand in a file that another variable names, because it may hold a password.
const SECRET: [&str; 5] = ["store__url", "store__directory", "store__grants", "store__once", "store__short"];

/// Lays the variables over a tree; `read` reads the file that a `_FILE` variable names.
pub(crate) fn overlay(
    root: &mut Table,
    variables: &[(String, String)],
    read: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    for (name, value) in variables {
        let Some(path) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
        if !path.contains("__") && path != "compat" {
            continue;
        }
        let (path, value) = match path.strip_suffix("_file").filter(|bare| SECRET.contains(bare)) {
            Some(bare) => match read(value) {
                Ok(text) => (bare.to_owned(), text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    wrong.push(unreadable(name, value, &error));
                    continue;
                }
            },
            None => (path, value.clone()),
        };
        let names = spelled(root, &path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        tree::set(root, &names, Node { origin: Origin::Environment(name.clone()), value: Value::String(value) });
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The path in the spelling of the tree: a variable's name cannot hold the `-` that a plugin's name may have.
fn spelled(root: &Table, path: &str) -> Vec<String> {
    let mut below = Some(root);
    path.split("__")
        .map(|segment| {
            let known = below.and_then(|table| table.keys().find(|key| key.replace('-', "_").eq_ignore_ascii_case(segment))).cloned();
            let name = known.unwrap_or_else(|| segment.to_owned());
            below = match below.and_then(|table| table.get(&name)) {
                Some(Node { value: Value::Table(inner), .. }) => Some(inner),
                _ => None,
            };
            name
        })
        .collect()
}

fn unreadable(name: &str, path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic {
        code: "KH1006",
        message: format!("the file that {name} names cannot be read: {error}"),
        spot: Some(Spot::Elsewhere(format!("environment variable {name}"))),
        label: format!("`{path}` must exist and be readable by the server's user"),
    }
}
