//! The text of a configuration file and places in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A configuration file that has been read.
pub(crate) struct SourceText {
    /// How messages name it.
    pub(crate) name: String,
    /// Its content.
    pub(crate) text: String,
}

/// A range of bytes in a file.
#[derive(Clone)]
pub(crate) struct Place {
    /// The file.
    pub(crate) source: Arc<SourceText>,
    /// The bytes.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// Line and column of its start, both counted from 1, the column in characters.
    pub(crate) fn line_and_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let ends_here = self.source.text[before.len()..].starts_with('\n');
        let in_line = before[line_start..].strip_suffix('\r').filter(|_| ends_here).unwrap_or(&before[line_start..]);
        (before.matches('\n').count() + 1, in_line.chars().count() + 1)
    }

    /// The line it starts on, without its end.
    pub(crate) fn line(&self) -> &str {
        let (line, _) = self.line_and_column();
        self.source.text.lines().nth(line - 1).unwrap_or_default()
    }

    /// How many characters of its first line it covers, at least one.
    pub(crate) fn width(&self) -> usize {
        let covered = self.source.text.get(self.span.clone()).unwrap_or_default();
        covered.lines().next().unwrap_or_default().chars().count().max(1)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

/// Where a value comes from: flag > environment > file > default.
#[derive(Clone)]
pub(crate) enum Origin {
    /// Built in.
    Default,
    /// A file, with the places of the key and of the value.
    File {
        /// The key.
        key: Place,
        /// The value.
        value: Place,
    },
    /// An environment variable of this name.
    Environment(String),
    /// A flag of the command line, or a method of the builder, of this name.
    Given(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { key, .. } => write!(f, "{key}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Given(name) => f.write_str(name),
        }
    }
}
