//! Where a password stands in a text that is about to be shown: `scheme://user:PASSWORD@host` (RFC 3986 §3.2.1), or a parameter behind it,
//! `?password=PASSWORD`.

use std::ops::Range;

/// The passwords of a URL somewhere in `text`, in order and apart. In doubt it is too much that is hidden.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = of_user(text).into_iter().chain(of_parameters(text)).collect();
    found.sort_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// From the first colon behind the scheme, and the user's name if it has one, to the last `@`.
fn of_user(text: &str) -> Option<Range<usize>> {
    let end = text.rfind('@')?;
    let scheme = text[..end].find(':')? + 1;
    let start = match text[scheme..end].strip_prefix("//") {
        Some(user) => scheme + 2 + user.find(':')? + 1,
        None => scheme,
    };
    Some(start..end)
}

/// Parameters whose name ends in `password`, such as `sslpassword`: to the next parameter, or the end of the text in quotes.
fn of_parameters(text: &str) -> impl Iterator<Item = Range<usize>> {
    const NAME: &str = "password=";
    // As many bytes as before: the places are those of `text`.
    let lower = text.to_ascii_lowercase();
    let starts: Vec<usize> = lower.match_indices(NAME).map(|(at, _)| at + NAME.len()).collect();
    starts.into_iter().map(|start| {
        let end = text[start..].find(|character: char| "&\"'".contains(character)).map_or(text.len(), |length| start + length);
        start..end
    })
}

/// `text` with each password as `star` makes it.
fn with(text: &str, star: impl Fn(&str) -> String) -> String {
    let (mut shown, mut after) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in passwords(text) {
        shown.push_str(&text[after..start]);
        shown.push_str(&star(&text[start..end]));
        after = end;
    }
    shown + &text[after..]
}

/// `text` with a star for each character of a password: what stands behind it stays in its column.
pub(super) fn starred(text: &str) -> String {
    with(text, |password| "*".repeat(password.chars().count()))
}

/// `text` with three stars for a password, however long it is.
pub(super) fn shortened(text: &str) -> String {
    with(text, |_| "***".to_owned())
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
            ("postgres://db/x?password=hush", "postgres://db/x?password=***"),
            ("postgres://me@db/x?user=me&PassWord=h@sh&sslmode=disable", "postgres://me@db/x?user=me&PassWord=***&sslmode=disable"),
            ("postgres://me:hush@db/x?sslpassword=hu@sh", "postgres://me:***"),
            ("redis://me:hush@db?password=hush", "redis://me:***@db?password=***"),
            ("", ""),
        ] {
            assert_eq!(shortened(text), shown);
        }
        assert_eq!(starred("url = \"postgres://me:hüsh@db\" # mine"), "url = \"postgres://me:****@db\" # mine");
        assert_eq!(starred("url = \"postgres://db?password=hüsh\" # mine"), "url = \"postgres://db?password=****\" # mine");
    }
}
