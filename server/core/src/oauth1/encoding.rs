//! Percent-encoding of names, values and secrets: everything but the unreserved characters, in capitals (RFC 5849 §3.6).

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// What stands for itself (RFC 5849 §3.6, RFC 3986 §2.3): letters, digits, `-`, `.`, `_`, `~`.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// An encoded text in which a `%` is not followed by two hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// What a `+` means where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plus {
    /// A space, as in forms and queries (HTML 4.0 §17.13.4).
    Space,
    /// Itself, as in the header (RFC 5849 §3.5.1).
    Plus,
}

/// The encoded form of a text, of which UTF-8 is taken.
///
/// ```
/// use keyhook_core::oauth1::encoding::encode;
/// assert_eq!(encode("a b+c~/é"), "a%20b%2Bc~%2F%C3%A9");
/// ```
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    encode_into(text, &mut out);
    out
}

/// Appends the encoded form of a text.
pub fn encode_into(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if UNRESERVED[usize::from(byte)] {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Appends one byte, encoded.
pub(crate) fn push(byte: u8, out: &mut Vec<u8>) {
    if UNRESERVED[usize::from(byte)] {
        out.push(byte);
    } else {
        out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

/// Appends what came encoded in some way, decoded and encoded in the one way: `%7e` becomes `~`, `/` becomes `%2F`. Bytes that are
/// not UTF-8 stay what they are.
pub(crate) fn recode(raw: &[u8], plus: Plus, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut rest = raw;
    loop {
        let plain = rest.iter().position(|byte| !UNRESERVED[usize::from(*byte)]).unwrap_or(rest.len());
        let (run, special) = rest.split_at(plain);
        out.extend_from_slice(run);
        rest = match special {
            [] => return Ok(()),
            [b'%', high, low, rest @ ..] => {
                push(nibble(*high)? << 4 | nibble(*low)?, out);
                rest
            }
            [b'%', ..] => return Err(Malformed),
            [b'+', rest @ ..] if plus == Plus::Space => {
                push(b' ', out);
                rest
            }
            [byte, rest @ ..] => {
                push(*byte, out);
                rest
            }
        };
    }
}

/// The text behind what [`recode`] wrote; `None` if it is not UTF-8.
pub(crate) fn decode(encoded: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, others @ ..] = rest {
        if let [b'%', high, low, others @ ..] = rest {
            bytes.push(nibble(*high).ok()? << 4 | nibble(*low).ok()?);
            rest = others;
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).ok()
}

fn nibble(digit: u8) -> Result<u8, Malformed> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn recoded(raw: &str, plus: Plus) -> String {
        let mut out = Vec::new();
        recode(raw.as_bytes(), plus, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// RFC 5849 §3.6: unreserved characters MUST NOT be encoded, all others MUST be, in capitals.
    #[test]
    fn exactly_the_unreserved_characters_stand_for_themselves() {
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            push(byte, &mut out);
            let unreserved = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".contains(&byte);
            let expected = if unreserved { vec![byte] } else { format!("%{byte:02X}").into_bytes() };
            assert_eq!(out, expected, "{byte}");
        }
        assert_eq!(encode(" +~%☃"), "%20%2B~%25%E2%98%83");
    }

    #[test]
    fn what_came_is_decoded_and_encoded_in_the_one_way() {
        assert_eq!(recoded("%7e%41/%2f%c3%A9*", Plus::Space), "~A%2F%2F%C3%A9%2A");
        assert_eq!(recoded("a+b%2B", Plus::Space), "a%20b%2B");
        assert_eq!(recoded("a+b%2B", Plus::Plus), "a%2Bb%2B");
        assert_eq!(recoded("%2541", Plus::Space), "%2541", "decoded once, never twice");
        assert_eq!(recoded("%ff%00", Plus::Space), "%FF%00", "bytes that are no text are kept");
    }

    #[test]
    fn a_percent_sign_without_two_digits_is_refused() {
        for wrong in ["%", "a%4", "%zz", "%4g", "%%41", "%+1"] {
            assert_eq!(recode(wrong.as_bytes(), Plus::Space, &mut Vec::new()), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn what_was_encoded_is_read_back() {
        for text in ["", "a b", "100%", "%41", "ä☃\u{1f980}", "a+b&c=d"] {
            assert_eq!(decode(encode(text).as_bytes()).unwrap(), text);
        }
        assert_eq!(decode(b"%FF"), None);
    }
}
