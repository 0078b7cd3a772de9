//! Decoders of our own for what the server decodes: written from the standards, slow and plain, and used to compare with.

/// Two hexadecimal digits.
fn hex(high: u8, low: u8) -> Option<u8> {
    const DIGITS: &str = "0123456789abcdef";
    let digit = |byte: u8| DIGITS.find(char::from(byte.to_ascii_lowercase()));
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// One name or value of a form (WHATWG URL §5.1, without its repairs): `None` if it is malformed, holds NUL or is not UTF-8.
pub fn form_piece(piece: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < piece.len() {
        out.push(match piece[at] {
            b'+' => b' ',
            b'%' => {
                at += 2;
                hex(*piece.get(at - 1)?, *piece.get(at)?)?
            }
            byte => byte,
        });
        at += 1;
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

/// Bytes that came percent-encoded, with or without `+` for a space.
pub fn percent(piece: &[u8], plus: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = piece.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' if plus => b' ',
            b'%' => hex(*rest.next()?, *rest.next()?)?,
            byte => *byte,
        });
    }
    Some(out)
}

/// Everything but the unreserved characters of RFC 3986 §2.3 as `%XX`, in capitals.
pub fn unreserved(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(3 * bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    out
}

/// The pairs of a form of at most `most` parameters.
pub fn form(input: &[u8], most: usize) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for segment in input.split(|byte| *byte == b'&') {
        if segment.is_empty() {
            continue;
        }
        let mut halves = segment.splitn(2, |byte| *byte == b'=');
        let name = form_piece(halves.next()?)?;
        let value = form_piece(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    (pairs.len() <= most).then_some(pairs)
}

/// A form as anybody may write it: everything that is not a letter or a digit is escaped.
pub fn encode_form(pairs: &[(String, String)]) -> String {
    let piece = |text: &String| {
        text.bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
            .collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{}={}", piece(name), piece(value))).collect::<Vec<_>>().join("&")
}

/// base64 in one of its two alphabets (RFC 4648 §4, §5), in its one canonical spelling; `padded` says whether `=` must stand there.
pub fn base64(text: &[u8], url: bool, padded: bool) -> Option<Vec<u8>> {
    let alphabet: Vec<u8> =
        (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(if url { [b'-', b'_'] } else { [b'+', b'/'] }).collect();
    let digits = if padded {
        if !text.len().is_multiple_of(4) {
            return None;
        }
        let bare = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
        &text[..bare]
    } else {
        text
    };
    let padding = text.len() - digits.len();
    let tail = digits.len() % 4;
    if tail == 1 || (padded && padding != (4 - tail) % 4) {
        return None;
    }
    let mut bits = Vec::new();
    for digit in digits {
        let value = alphabet.iter().position(|known| known == digit)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let whole = bits.len() / 8 * 8;
    if bits[whole..].iter().any(|bit| *bit) {
        return None;
    }
    Some(bits[..whole].chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text.as_bytes(), false, true).as_deref(), Some(bytes.as_bytes()), "{text}");
            assert_eq!(base64(text.trim_end_matches('=').as_bytes(), true, false).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        for wrong in ["Z", "Zg", "Zg=", "Zh==", "Zg===", "====", "Z===", "Zm9v=", "Zm-v"] {
            assert_eq!(base64(wrong.as_bytes(), false, true), None, "{wrong}");
        }
    }
}
