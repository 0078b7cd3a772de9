//! The `Authorization: OAuth` header, taken apart (RFC 5849 §3.5.1).

/// Longer headers are refused before they are read.
const LONGEST: usize = 8 * 1024;

/// One parameter as it stands between `=` and the quotes: encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

/// A header of our scheme that does not keep to its grammar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// What follows the scheme, if the scheme is `OAuth` in any case. A header of another scheme is somebody else's.
pub(crate) fn parameters_of(value: &str) -> Option<&str> {
    let end = value.find([' ', '\t']).unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    scheme.eq_ignore_ascii_case("OAuth").then_some(rest)
}

/// Reads `name="value"` after `name="value"`. A comma inside quotes is part of its value; empty elements are passed over, as in every
/// list of a header (RFC 9110 §5.6.1.2).
pub(crate) fn parse<'a>(parameters: &'a str, mut each: impl FnMut(Raw<'a>) -> bool) -> Result<(), Malformed> {
    // Every byte is looked at, so that the processor can look at many at once.
    let visible = parameters.bytes().fold(true, |all, byte| all & matches!(byte, b'\t' | b' '..=b'~'));
    if parameters.len() > LONGEST || !visible {
        return Err(Malformed);
    }
    let mut rest = parameters.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        // Byte by byte: for what is as short as a name, setting up a wide search costs more than it saves.
        let equals = rest.bytes().position(|byte| byte == b'=').ok_or(Malformed)?;
        let (name, after) = (&rest[..equals], &rest[equals + 1..]);
        let after = after.strip_prefix('"').ok_or(Malformed)?;
        let end = closing_quote(after, name == "realm").ok_or(Malformed)?;
        if name.is_empty()
            || name.bytes().any(|byte| matches!(byte, b' ' | b'\t' | b',' | b'"' | b'\\'))
            || !each(Raw { name, value: &after[..end] })
        {
            return Err(Malformed);
        }
        let after = after[end + 1..].trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return Err(Malformed);
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Ok(())
}

/// Where the value ends. The realm alone is a quoted-string with escapes (RFC 2617 §1.2); elsewhere a backslash has to be encoded.
fn closing_quote(text: &str, escapes: bool) -> Option<usize> {
    if !escapes {
        let end = text.bytes().position(|byte| matches!(byte, b'"' | b'\\'))?;
        return text[end..].starts_with('"').then_some(end);
    }
    let mut skip = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !skip;
        skip = byte == b'\\' && !skip;
        ends
    })
}

/// The realm without its escapes.
pub(crate) fn unescaped(realm: &str) -> String {
    let mut characters = realm.chars();
    let mut out = String::with_capacity(realm.len());
    while let Some(character) = characters.next() {
        out.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn read(header: &str) -> Result<Vec<(&str, &str)>, Malformed> {
        let mut found = Vec::new();
        parse(parameters_of(header).unwrap(), |Raw { name, value }| {
            found.push((name, value));
            true
        })?;
        Ok(found)
    }

    /// RFC 5849 §3.5.1.
    #[test]
    fn the_scheme_is_known_in_any_case_and_only_as_a_whole_word() {
        for ours in ["OAuth a=\"b\"", "oauth a=\"b\"", "OAUTH\ta=\"b\"", "OAuth"] {
            assert!(parameters_of(ours).is_some(), "{ours}");
        }
        for foreign in ["", "Basic YTpi", "Bearer x", "OAuth2 x", "OAuthx", "oauth_token=\"x\"", "Digest username=\"OAuth \""] {
            assert!(parameters_of(foreign).is_none(), "{foreign}");
        }
    }

    /// The earlier systems cut the scheme off with a set of characters, which ate the first letters of a name too.
    #[test]
    fn cutting_off_the_scheme_leaves_the_names_whole() {
        assert_eq!(read("OAuth h=\"1\",tuAO=\"2\"").unwrap(), [("h", "1"), ("tuAO", "2")]);
    }

    /// The earlier systems split at every comma.
    #[test]
    fn a_comma_inside_quotes_belongs_to_its_value() {
        assert_eq!(read("OAuth realm=\"a, b=\\\"c\\\"\", x=\"1,2\"").unwrap(), [("realm", "a, b=\\\"c\\\""), ("x", "1,2")]);
        assert_eq!(unescaped("a, b=\\\"c\\\""), "a, b=\"c\"");
    }

    #[test]
    fn white_space_and_empty_elements_between_parameters_are_passed_over() {
        assert_eq!(read("OAuth  ,a=\"1\" ,\t, b=\"\",").unwrap(), [("a", "1"), ("b", "")]);
        assert_eq!(read("OAuth").unwrap(), []);
    }

    /// RFC 5849 §3.5.1, item 2: the name is immediately followed by `=`, the value stands in quotes.
    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "OAuth a",
            "OAuth a=",
            "OAuth a=1",
            "OAuth a=\"1",
            "OAuth a =\"1\"",
            "OAuth a= \"1\"",
            "OAuth =\"1\"",
            "OAuth a=\"1\" b=\"2\"",
            "OAuth a=\"1\"b=\"2\"",
            "OAuth a=\"1\";b=\"2\"",
            "OAuth a='1'",
            "OAuth a=\"1\\\"\"",
            "OAuth a,b=\"1\"",
            "OAuth 00D50!AQ",
            "OAuth a=\"é\"",
            "OAuth a=\"1\n\"",
            "OAuth \"a\"=\"1\"",
        ] {
            assert_eq!(read(wrong), Err(Malformed), "{wrong}");
        }
        let long = format!("OAuth a=\"{}\"", "x".repeat(LONGEST));
        assert_eq!(read(&long), Err(Malformed));
    }
}
