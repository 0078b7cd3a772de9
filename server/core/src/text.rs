//! Which characters may stand where: OAuth error texts, state, header values.

/// Whether `text` may be an `error` or `error_description` (RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E), not empty.
pub fn is_error_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Whether `text` is one scope token (RFC 6749 §3.3: 1*( %x21 / %x23-5B / %x5D-7E )).
pub fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Whether `text` may be the value of a header: visible ASCII, space and tab inside (RFC 9110 §5.5), no control, no obs-text.
pub fn is_header_value(text: &str) -> bool {
    let outer = |byte: Option<u8>| !matches!(byte, Some(b' ' | b'\t'));
    text.bytes().all(|byte| matches!(byte, b'\t' | 0x20..=0x7E)) && outer(text.bytes().next()) && outer(text.bytes().last())
}

/// Whether `text` is VSCHAR throughout (RFC 6749 Appendix A: %x20-7E), as client ids and codes are.
pub fn is_visible_ascii(text: &str) -> bool {
    // To the end in any case: without an early way out the compiler looks at many bytes at once.
    text.bytes().fold(true, |visible, byte| visible & matches!(byte, 0x20..=0x7E))
}

/// `text` as the inside of a quoted-string (RFC 9110 §5.6.4); what may not stand there is left out.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars().filter(|character| matches!(character, ' '..='~')) {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// Control characters, and those that turn the writing direction around or are invisible.
pub fn misleads(character: char) -> bool {
    character.is_control() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 §5.2.
    #[test]
    fn error_texts_hold_no_quote_backslash_or_control() {
        assert!(is_error_text("the code has expired!"));
        for wrong in ["", "a\"b", "a\\b", "a\nb", "a\rb", "a\0b", "é", "a\u{7f}"] {
            assert!(!is_error_text(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn header_values_hold_no_line_break() {
        assert!(is_header_value("Bearer realm=\"x\""));
        for wrong in ["a\r\nSet-Cookie: b", "a\n", "a\0", " a", "a ", "é"] {
            assert!(!is_header_value(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_quoted_string_escapes_what_would_end_it() {
        assert_eq!(quoted("a\"b\\c\r\nd"), "\"a\\\"b\\\\cd\"");
    }
}
