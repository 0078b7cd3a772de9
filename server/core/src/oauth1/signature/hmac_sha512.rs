//! HMAC-SHA512: as RFC 5849 §3.4.2 with SHA-512; no RFC names it, several libraries do.

use super::{SignatureMethod, SigningKey, encoded, is_tag};
use crate::crypto::hmac_sha512;
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// `HMAC-SHA512`.
#[derive(Clone, Copy, Debug)]
pub struct HmacSha512;

impl SignatureMethod for HmacSha512 {
    fn name(&self) -> &'static str {
        "HMAC-SHA512"
    }

    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.joined_or_nobodys();
        is_tag(signature, &hmac_sha512(key.as_bytes(), base.as_bytes())) && is_own
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(encoded(&hmac_sha512(key.joined()?.as_bytes(), base.as_bytes())))
    }
}
