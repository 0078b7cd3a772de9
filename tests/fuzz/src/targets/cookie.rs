//! Cookies (RFC 6265 §5.4): the first of a name, whole, and never a part of another's value.

use crate::parts::lines;
use crate::requests::request;

/// Lines: the cookie that is wanted, two `Cookie` header fields.
pub fn check(data: &[u8]) {
    let [name, first, second] = lines(data);
    let Ok(name) = std::str::from_utf8(name) else { return };
    let Some(request) = request(&[("cookie", first), ("cookie", second)], b"") else { return };
    let found = request.cookie(name);
    assert_eq!(found.map(str::as_bytes), expected(name.as_bytes(), &[first, second]), "{name}");
    assert!(found.is_none_or(|value| !value.contains(';') && value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))));
}

/// Byte by byte: at the start of each pair the name may begin, after white space; it ends at `=`.
fn expected<'a>(name: &[u8], fields: &[&'a [u8]]) -> Option<&'a [u8]> {
    let legible = |field: &&&[u8]| field.iter().all(|byte| *byte == b'\t' || (b' '..=b'~').contains(byte));
    for field in fields.iter().filter(legible) {
        let mut start = 0;
        while start <= field.len() {
            let end = field[start..].iter().position(|byte| *byte == b';').map_or(field.len(), |at| start + at);
            let pair = field[start..end].trim_ascii();
            if pair.len() > name.len() && &pair[..name.len()] == name && pair[name.len()] == b'=' && !name.contains(&b'=') {
                return Some(&pair[name.len() + 1..]);
            }
            start = end + 1;
        }
    }
    None
}
