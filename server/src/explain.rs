//! The catalog of codes, embedded: `keyhook explain KH0503` needs no network.

use crate::nearest::distance;

/// Every file of the catalog; a test compares the list with the folder.
const CHAPTERS: &[(&str, &str)] = &[
    ("builtin-pages.md", include_str!("../docs/codes/builtin-pages.md")),
    ("builtin-token.md", include_str!("../docs/codes/builtin-token.md")),
    ("commands.md", include_str!("../docs/codes/commands.md")),
    ("core.md", include_str!("../docs/codes/core.md")),
    ("edge.md", include_str!("../docs/codes/edge.md")),
    ("guard.md", include_str!("../docs/codes/guard.md")),
    ("host.md", include_str!("../docs/codes/host.md")),
    ("server.md", include_str!("../docs/codes/server.md")),
    ("stores.md", include_str!("../docs/codes/stores.md")),
    ("stores-sql.md", include_str!("../docs/codes/stores-sql.md")),
];

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `KH0503`.
    pub(crate) code: &'static str,
    /// One line.
    pub(crate) title: &'static str,
    /// Why it happens and the way out.
    pub(crate) text: &'static str,
}

/// Every code, in order.
pub(crate) fn entries() -> Vec<Entry> {
    let mut all: Vec<_> = CHAPTERS.iter().flat_map(|(_, text)| entries_of(text)).collect();
    all.sort_by_key(|entry| entry.code);
    all
}

fn entries_of(text: &'static str) -> impl Iterator<Item = Entry> {
    let chapters =
        text.split("\n## ").enumerate().filter_map(|(index, part)| if index == 0 { part.strip_prefix("## ") } else { Some(part) });
    chapters.filter_map(|part| {
        let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
        let (code, title) = heading.split_once(' ').unwrap_or((heading, ""));
        code.starts_with("KH").then_some(Entry { code, title: title.trim(), text: text.trim() })
    })
}

/// The entries whose title or text has a word.
pub(crate) fn about(word: &str) -> Vec<Entry> {
    let word = word.trim().to_lowercase();
    let has = |text: &str| !word.is_empty() && text.to_lowercase().contains(&word);
    entries().into_iter().filter(|entry| has(entry.title) || has(entry.text)).collect()
}

/// The entry of a code, written `KH0503`, `kh503` or `503`; or the nearest one there is.
pub(crate) fn find(code: &str) -> Result<Entry, Option<Entry>> {
    let digits = code.trim().trim_start_matches(['K', 'k', 'H', 'h']);
    let wanted = format!("KH{digits:0>4}");
    let all = entries();
    match all.iter().find(|entry| entry.code == wanted) {
        Some(entry) => Ok(*entry),
        None => Err(all.into_iter().min_by_key(|entry| distance(&wanted, entry.code))),
    }
}

#[cfg(test)]
mod tests;
