//! As much JSON as a plugin needs without a library of its own (RFC 8259, RFC 6901).
//!
//! Values stay text: a function takes one JSON text and gives what is asked for, or `None` if it is something else.
//!
//! ```
//! use keyhook_plugin::json;
//!
//! let text = r#"{"user": "alice", "roles": ["admin", "staff"], "age": 41}"#;
//! assert_eq!(json::at(text, "/roles/0").and_then(json::text).as_deref(), Some("admin"));
//! assert_eq!(json::at(text, "/age").and_then(json::integer), Some(41));
//! ```

mod scan;

use std::borrow::Cow;
use std::fmt::Write as _;

use scan::Scan;

/// The text of a JSON string.
pub fn text(json: &str) -> Option<Cow<'_, str>> {
    let raw = whole(json)?;
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { unescape(inner).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// A JSON number that is whole and within `i64`.
pub fn integer(json: &str) -> Option<i64> {
    whole(json)?.parse().ok()
}

/// `true` or `false`.
pub fn flag(json: &str) -> Option<bool> {
    whole(json)?.parse().ok()
}

/// Whether `json` is one JSON text, nested at most 64 deep.
pub fn is_json(json: &str) -> bool {
    whole(json).is_some()
}

/// Names and values of a JSON object, in order. The values are JSON texts.
pub fn members(json: &str) -> Option<Vec<(String, &str)>> {
    let mut found = Vec::new();
    let mut scan = Scan::new(whole(json)?);
    scan.object(0, &mut |name, value| found.push((name, value)))?;
    found.into_iter().map(|(name, value)| Some((text(name)?.into_owned(), value))).collect()
}

/// Values of a JSON array, in order, as JSON texts.
pub fn items(json: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    Scan::new(whole(json)?).array(0, &mut |item| found.push(item))?;
    Some(found)
}

/// The value that a JSON pointer (RFC 6901) names, as JSON text; `""` is the whole.
pub fn at<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
    let mut value = whole(json)?;
    if pointer.is_empty() {
        return Some(value);
    }
    for token in pointer.strip_prefix('/')?.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        value = if value.starts_with('[') {
            items(value)?.get(index(&token)?).copied()?
        } else {
            let members = members(value)?;
            // RFC 8259 §4 leaves doubles open; the last one counts, as most readers have it.
            members.into_iter().rev().find(|(name, _)| *name == token)?.1
        };
    }
    Some(value)
}

/// An item's place as RFC 6901 §4 has it: digits without leading zeros or a sign.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || token.starts_with(|first: char| matches!(first, '1'..='9'));
    token.parse().ok().filter(|_| is_plain)
}

/// A JSON pointer of names that may hold anything, such as what a user typed.
///
/// ```
/// assert_eq!(keyhook_plugin::json::pointer(["users", "a/b"]), "/users/a~1b");
/// ```
pub fn pointer<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().fold(String::new(), |mut pointer, name| {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        pointer
    })
}

/// A JSON string that holds `text`.
///
/// ```
/// assert_eq!(keyhook_plugin::json::quote("a\"b\n"), r#""a\"b\n""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            c if c < ' ' => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// One value without the white space around it; `None` if `json` is anything else.
fn whole(json: &str) -> Option<&str> {
    let mut scan = Scan::new(json);
    scan.blank();
    let value = scan.value(0)?;
    scan.blank();
    scan.is_done().then_some(value)
}

/// The inside of a string that [`Scan`] accepted; still refuses a lone surrogate (RFC 8259 §8.2).
fn unescape(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut units = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        units.clear();
        while let Some(hex) = rest.strip_prefix('u') {
            units.push(u16::from_str_radix(hex.get(..4)?, 16).ok()?);
            rest = &hex[4..];
            match rest.strip_prefix('\\') {
                Some(next) if next.starts_with('u') => rest = next,
                _ => break,
            }
        }
        if units.is_empty() {
            let escape = rest.chars().next()?;
            text.push(match escape {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                other => other,
            });
            rest = &rest[escape.len_utf8()..];
        } else {
            text.push_str(&String::from_utf16(&units).ok()?);
        }
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_read_as_what_they_are() {
        assert_eq!(text(r#" "a\"\\\/\n\u00e9\ud83d\ude00" "#).as_deref(), Some("a\"\\/\né😀"));
        assert_eq!(text("12"), None);
        assert_eq!(integer("-12"), Some(-12));
        assert_eq!(integer("1.5"), None);
        assert_eq!(integer("\"1\""), None);
        assert_eq!(flag(" true"), Some(true));
        assert_eq!(flag("null"), None);
    }

    #[test]
    fn a_lone_surrogate_is_refused() {
        assert_eq!(text(r#""\ud83d""#), None);
        assert_eq!(text(r#""\ud83dx""#), None);
    }

    #[test]
    fn only_json_is_json() {
        for good in ["0", "-0.5e+3", "[]", "{}", "[1,[2,{\"a\":null}]]", "\"\\u0000\"", "true"] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "01",
            "1.",
            "+1",
            ".5",
            "1e",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "'a'",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\u{1}\"",
            "tru",
            "NaN",
            "1 2",
            "[1",
            "{\"a\":1",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        assert!(is_json(&format!("{}{}", "[".repeat(60), "]".repeat(60))));
        assert!(!is_json(&"[".repeat(1_000_000)));
    }

    #[test]
    fn a_pointer_names_members_and_items() {
        let json = r#"{"a/b": {"~": [10, {"x": "y"}]}, "": 1, "twice": 1, "twice": 2}"#;
        assert_eq!(at(json, "/a~1b/~0/0"), Some("10"));
        assert_eq!(at(json, "/a~1b/~0/1/x"), Some("\"y\""));
        assert_eq!(at(json, "/"), Some("1"));
        assert_eq!(at(json, "/twice"), Some("2"));
        assert_eq!(at(json, ""), Some(json));
        for absent in ["/none", "/a~1b/~0/2", "/a~1b/~0/00", "/a~1b/~0/+0", "/a~1b/~0/-", "/twice/x", "a"] {
            assert_eq!(at(json, absent), None, "{absent}");
        }
    }

    #[test]
    fn what_is_quoted_reads_back() {
        let text_in = "\"\\\n\r\t\u{1}é😀/";
        assert_eq!(text(&quote(text_in)).as_deref(), Some(text_in));
    }
}
