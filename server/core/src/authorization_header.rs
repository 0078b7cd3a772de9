//! The `Authorization` header: scheme and credentials (RFC 9110 §11.4), Basic (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::form;
use crate::secret::Secret;

/// Splits a header value into its scheme and what follows; `None` if it is not visible ASCII or has no scheme.
pub fn split(value: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(value).ok()?;
    if !crate::text::is_visible_ascii(text) {
        return None;
    }
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = text.split_at(end);
    (!scheme.is_empty()).then(|| (scheme, rest.trim_start_matches(' ')))
}

/// Whether the header is of `scheme`; schemes are compared without regard to case (RFC 9110 §11.1).
pub fn is_scheme(value: &[u8], scheme: &str) -> bool {
    let found = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    found.eq_ignore_ascii_case(scheme.as_bytes())
}

/// Id and secret of a Basic header, form-decoded as RFC 6749 §2.3.1 demands; `None` if anything about it is malformed.
pub fn basic(value: &[u8]) -> Option<(String, Secret<String>)> {
    let (scheme, encoded) = split(value)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Secret::new(STANDARD.decode(encoded).ok()?);
    let colon = pair.expose().iter().position(|byte| *byte == b':')?;
    let (id, secret) = pair.expose().split_at(colon);
    Some((decoded(id)?, Secret::new(decoded(&secret[1..])?)))
}

fn decoded(encoded: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    form::decode(encoded, &mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn header(pair: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(pair)).into_bytes()
    }

    /// RFC 6749 §2.3.1, the example of the RFC.
    #[test]
    fn the_example_of_the_rfc_is_read() {
        let (id, secret) = basic(b"Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3").unwrap();
        assert_eq!((id.as_str(), secret.expose().as_str()), ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"));
    }

    /// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
    #[test]
    fn id_and_secret_are_form_decoded() {
        let (id, secret) = basic(&header("a%3Ab:c%2B+%25%C3%A9:d")).unwrap();
        assert_eq!((id.as_str(), secret.expose().as_str()), ("a:b", "c+ %é:d"));
    }

    #[test]
    fn a_malformed_basic_header_is_no_header() {
        for wrong in [
            &b"Basic"[..],
            b"Basic ",
            b"Basic !!!!",
            b"Basic YTpi\r\n",
            b"Basic YTpi YTpi",
            b"Basic YTpiZ",
            b"Basic YTpi=",
            b"Bearer YTpi",
            b"YTpi",
            b"\xff YTpi",
        ] {
            assert!(basic(wrong).is_none(), "{}", wrong.escape_ascii());
        }
        for pair in ["no colon", "a:%zz", "a:%00", "a:%FF"] {
            assert!(basic(&header(pair)).is_none(), "{pair}");
        }
        assert!(basic(b"bAsIc YTpi").is_some());
    }
}
