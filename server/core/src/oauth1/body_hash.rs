//! `oauth_body_hash`: the hash that brings a body which is no form under the signature (OAuth Request Body Hash, draft 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::{constant_time_eq, sha1, sha256, sha512};

/// Whether `sent` is the hash of the body. The draft knows SHA-1; clients that sign with SHA-2 take either, which their hash's length
/// tells. It is under the signature, so nobody but the client chooses.
pub(super) fn fits(sent: &str, body: &[u8]) -> bool {
    let Ok(sent) = STANDARD.decode(sent) else { return false };
    match sent.len() {
        20 => constant_time_eq(&sent, &sha1(body)),
        32 => constant_time_eq(&sent, &sha256(body)),
        64 => constant_time_eq(&sent, &sha512(body)),
        _ => false,
    }
}

/// The hash to send with a signature method of this name.
pub(super) fn of(method: &str, body: &[u8]) -> String {
    match method {
        _ if method.ends_with("SHA256") => STANDARD.encode(sha256(body)),
        _ if method.ends_with("SHA512") => STANDARD.encode(sha512(body)),
        _ => STANDARD.encode(sha1(body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OAuth Request Body Hash, draft 4, §9, both examples.
    #[test]
    fn the_examples_of_the_draft_fit() {
        assert!(fits("Lve95gjOVATpfV8EL5X4nxwjKHE=", b"Hello World!"));
        assert!(fits("2jmj7l5rSw0yVb/vlWAYkK/YBwk=", b""));
        assert!(!fits("Lve95gjOVATpfV8EL5X4nxwjKHE=", b"Hello World"));
    }

    #[test]
    fn the_hash_of_each_method_fits_its_own_body() {
        for method in ["HMAC-SHA1", "RSA-SHA1", "HMAC-SHA256", "RSA-SHA256", "HMAC-SHA512", "PLAINTEXT"] {
            assert!(fits(&of(method, b"{}"), b"{}") && !fits(&of(method, b"{}"), b"[]"), "{method}");
        }
        for wrong in ["", "????", "AAAA", "2jmj7l5rSw0yVb/vlWAYkK/YBwk"] {
            assert!(!fits(wrong, b""), "{wrong}");
        }
    }
}
