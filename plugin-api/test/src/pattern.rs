//! Path patterns and query strings, as far as tests need them.

/// What `{name}` and `{*rest}` of `pattern` match in `path`, or `None` if it is another path.
pub(crate) fn matched(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let mut rest = path;
    for segment in pattern.strip_prefix('/')?.split('/') {
        rest = rest.strip_prefix('/')?;
        let name = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_prefix('*')) {
            parameters.push((name.to_owned(), decoded(rest, false)));
            return (!rest.is_empty()).then_some(parameters);
        }
        let (found, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        rest = after;
        match name {
            Some(name) if !found.is_empty() => parameters.push((name.to_owned(), decoded(found, false))),
            None if found == segment => {}
            _ => return None,
        }
    }
    rest.is_empty().then_some(parameters)
}

/// The names and values of a query string.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), decoded(value, true))
        })
        .collect()
}

fn decoded(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
                continue;
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, path: &str) -> Option<Vec<String>> {
        Some(matched(pattern, path)?.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
    }

    #[test]
    fn a_pattern_matches_whole_segments() {
        assert_eq!(found("/my/url", "/my/url"), Some(vec![]));
        assert_eq!(found("/users/{id}", "/users/a%2Fb"), Some(vec!["id=a/b".to_owned()]));
        assert_eq!(found("/files/{*rest}", "/files/a/b"), Some(vec!["rest=a/b".to_owned()]));
        for other in ["/users", "/users/", "/users/1/2", "/user/1"] {
            assert_eq!(found("/users/{id}", other), None, "{other}");
        }
    }

    #[test]
    fn a_query_is_decoded() {
        let expected = [("a", "1 2"), ("b", "é"), ("c", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(pairs("a=1+2&b=%C3%A9&c"), expected);
    }
}
