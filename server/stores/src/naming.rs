//! A record's key as text that is safe in the keys of a key-value store: no space, no control character, no brace, no colon.

use keyhook_component::record::{Key, Kind};
use keyhook_core::id::RecordId;

/// The number of an issued id; a name with everything but letters, digits, `-`, `.`, `_` and `~` as `%XX` (RFC 3986 §2.1).
pub(crate) fn encode(key: &Key) -> String {
    let name = match key {
        Key::Issued(id) => return id.raw().to_string(),
        Key::Named(name) => name,
    };
    let mut text = String::with_capacity(name.len());
    for byte in name {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    text
}

/// The key that was encoded; `None` for a text that [`encode`] does not write.
pub(crate) fn decode(kind: Kind, text: &str) -> Option<Key> {
    if kind.is_issued() {
        return text.parse::<i64>().ok().filter(|raw| *raw >= 0).map(|raw| Key::Issued(RecordId::from_raw(raw)));
    }
    let mut name = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            name.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            name.push(*byte);
        }
    }
    Some(Key::Named(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_and_none_is_special() {
        let all: Vec<u8> = (0..=255).collect();
        for name in [&b""[..], b"alice", b"a{b}:c*?[%41", &all] {
            let key = Key::named(name);
            let text = encode(&key);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{text}");
            assert_eq!(decode(Kind::Once, &text), Some(key));
        }
    }

    #[test]
    fn an_id_is_its_number() {
        let key = Key::Issued(RecordId::from_raw(1 << 50));
        assert_eq!(encode(&key), "1125899906842624");
        assert_eq!(decode(Kind::Code, &encode(&key)), Some(key));
        assert_eq!(
            [decode(Kind::Code, "-1"), decode(Kind::Code, "x"), decode(Kind::Once, "%4"), decode(Kind::Once, "%zz")],
            [const { None }; 4]
        );
    }
}
