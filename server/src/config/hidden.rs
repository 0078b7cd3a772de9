//! Where a password stands in a text that is about to be shown: `scheme://user:PASSWORD@host` (RFC 3986 §3.2.1).

use std::ops::Range;

/// The password of a URL somewhere in `text`: from the first colon behind its scheme, and the user's name if it has one, to the last
/// `@`. In doubt it is too much that is hidden.
fn password(text: &str) -> Option<Range<usize>> {
    let end = text.rfind('@')?;
    let scheme = text[..end].find(':')? + 1;
    let start = match text[scheme..end].strip_prefix("//") {
        Some(user) => scheme + 2 + user.find(':')? + 1,
        None => scheme,
    };
    Some(start..end)
}

/// `text` with a star for each character of a password: what stands behind it stays in its column.
pub(super) fn starred(text: &str) -> String {
    match password(text) {
        Some(Range { start, end }) => format!("{}{}{}", &text[..start], "*".repeat(text[start..end].chars().count()), &text[end..]),
        None => text.to_owned(),
    }
}

/// `text` with three stars for a password, however long it is.
pub(super) fn shortened(text: &str) -> String {
    match password(text) {
        Some(Range { start, end }) => format!("{}***{}", &text[..start], &text[end..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_whatever_is_in_it() {
        for (text, shown) in [
            ("postgres://me:hush@db/x", "postgres://me:***@db/x"),
            ("postgres://me:hu:s@h/@db/x", "postgres://me:***@db/x"),
            ("postgres://:hüsh@db", "postgres://:***@db"),
            ("redis:hush@db", "redis:***@db"),
            ("postgres://me@db:5432/x", "postgres://me@db:5432/x"),
            ("sqlite:keyhook.db", "sqlite:keyhook.db"),
            ("", ""),
        ] {
            assert_eq!(shortened(text), shown);
        }
        assert_eq!(starred("url = \"postgres://me:hüsh@db\" # mine"), "url = \"postgres://me:****@db\" # mine");
    }
}
