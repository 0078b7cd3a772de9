//! PKCE (RFC 7636): a challenge has one spelling, and only the verifier whose hash it is fits.

use keyhook_core::crypto::sha256;
use keyhook_core::{CodeChallenge, pkce};

use crate::decode;
use crate::parts::texts;

/// Lines: method, challenge, verifier.
pub fn check(data: &[u8]) {
    let Some([method, challenge, verifier]) = texts(data) else { return };
    let sent = Some(method).filter(|method| !method.is_empty());
    let parsed = CodeChallenge::parse(sent, challenge);
    let hash = decode::base64(challenge.as_bytes(), true, false).filter(|bytes| bytes.len() == 32);
    assert_eq!(parsed.is_ok(), method == "S256" && hash.is_some());
    assert!(pkce::verify(None, None).is_ok() && pkce::verify(None, Some(verifier)).is_err());
    right(verifier);
    let Ok(parsed) = parsed else { return };
    assert_eq!(serde_json::to_string(&parsed).unwrap(), format!("\"{challenge}\""), "one spelling");
    assert!(pkce::verify(Some(&parsed), None).is_err());
    let fits = well_formed(verifier) && hash.is_some_and(|hash| hash == sha256(verifier.as_bytes()));
    assert_eq!(pkce::verify(Some(&parsed), Some(verifier)).is_ok(), fits);
}

/// RFC 7636 §4.1: `43*128unreserved`.
fn well_formed(verifier: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    verifier.len() >= 43 && verifier.len() <= 128 && verifier.bytes().all(unreserved)
}

/// The challenge of a verifier fits it, if it is one, and no neighbor of it.
fn right(verifier: &str) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = sha256(verifier.as_bytes());
    let bits: Vec<u8> = hash.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).chain([0, 0]).collect();
    let text: String =
        bits.chunks(6).map(|six| char::from(DIGITS[six.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))])).collect();
    let challenge = CodeChallenge::parse(Some("S256"), &text).unwrap();
    assert_eq!(pkce::verify(Some(&challenge), Some(verifier)).is_ok(), well_formed(verifier));
    for neighbor in [format!("{verifier}a"), format!("a{verifier}"), verifier.get(1..).unwrap_or("b").to_owned(), text] {
        assert!(pkce::verify(Some(&challenge), Some(&neighbor)).is_err(), "{neighbor}");
    }
}
