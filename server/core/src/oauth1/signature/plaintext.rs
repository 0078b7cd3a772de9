//! PLAINTEXT (RFC 5849 §3.4.4): the secrets themselves, over TLS alone.

use super::{SignatureMethod, SigningKey};
use crate::crypto::constant_time_eq;
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// `PLAINTEXT`.
#[derive(Clone, Copy, Debug)]
pub struct Plaintext;

impl SignatureMethod for Plaintext {
    fn name(&self) -> &'static str {
        "PLAINTEXT"
    }

    fn verify(&self, _: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.joined_or_nobodys();
        constant_time_eq(key.as_bytes(), signature.as_bytes()) && is_own
    }

    fn sign(&self, _: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        key.joined().map(|key| Secret::new(String::clone(&key)))
    }

    fn needs_tls(&self) -> bool {
        true
    }

    fn needs_nonce(&self) -> bool {
        false
    }
}
