//! What is wrong with a configuration, shown with the line and a caret.

use std::fmt;

use super::hidden::starred;
use keyhook_core::text::misleads;

use super::text::{Origin, Place};

/// One finding.
#[derive(Clone)]
pub(crate) struct Diagnostic {
    /// The code that `keyhook explain` knows.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// Where; `None` when something is missing.
    pub(crate) spot: Option<Spot>,
    /// The way out, beside the caret.
    pub(crate) label: String,
}

/// Where a finding lies.
#[derive(Clone)]
pub(crate) enum Spot {
    /// In a file.
    File(Place),
    /// Somewhere that has no lines: a variable, a flag.
    Elsewhere(String),
}

impl Spot {
    /// The value of something that was set.
    pub(crate) fn value_of(origin: &Origin) -> Option<Spot> {
        match origin {
            Origin::File { value, .. } => Some(Spot::File(value.clone())),
            other => Spot::beside_files(other),
        }
    }

    /// The key of something that was set.
    pub(crate) fn key_of(origin: &Origin) -> Option<Spot> {
        match origin {
            Origin::File { key, .. } => Some(Spot::File(key.clone())),
            other => Spot::beside_files(other),
        }
    }

    fn beside_files(origin: &Origin) -> Option<Spot> {
        match origin {
            Origin::Environment(name) => Some(Spot::Elsewhere(format!("environment variable {name}"))),
            Origin::Given(name) => Some(Spot::Elsewhere((*name).to_owned())),
            Origin::Default | Origin::File { .. } => None,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, legible(&self.message))?;
        let label = legible(&self.label);
        match &self.spot {
            Some(Spot::File(place)) => caret(f, place, &label),
            Some(Spot::Elsewhere(name)) => {
                writeln!(f, "  --> {name}")?;
                note(f, "help", &label)
            }
            None => note(f, "help", &label),
        }
    }
}

/// `text` with a mark for every character that would control the terminal or turn the line around.
fn legible(text: &str) -> String {
    text.chars().map(|character| if character != '\t' && misleads(character) { '\u{fffd}' } else { character }).collect()
}

fn caret(f: &mut fmt::Formatter<'_>, place: &Place, label: &str) -> fmt::Result {
    let (line, column) = place.line_and_column();
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    writeln!(f, "{gutter}--> {place}")?;
    writeln!(f, "{gutter} |")?;
    writeln!(f, "{number} | {}", legible(&starred(place.line())))?;
    let marks = "^".repeat(place.width());
    // A tab before the mark stays a tab, so that the caret stands below what it means.
    let indent: String = place.line().chars().take(column - 1).map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    writeln!(f, "{}", format!("{gutter} | {indent}{marks} {label}").trim_end())
}

fn note(f: &mut fmt::Formatter<'_>, kind: &str, text: &str) -> fmt::Result {
    if text.is_empty() { Ok(()) } else { writeln!(f, "   = {kind}: {text}") }
}

/// Everything that is wrong with a configuration, never empty.
#[derive(Clone)]
pub(crate) struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        write!(f, "   = note: nothing was started or written")
    }
}
