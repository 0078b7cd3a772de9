//! HMAC-SHA256: as RFC 5849 §3.4.2 with SHA-256; no RFC names it, many servers and libraries do.

use super::{SignatureMethod, SigningKey, encoded, is_tag};
use crate::crypto::hmac_sha256;
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// `HMAC-SHA256`.
#[derive(Clone, Copy, Debug)]
pub struct HmacSha256;

impl SignatureMethod for HmacSha256 {
    fn name(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.joined_or_nobodys();
        is_tag(signature, &hmac_sha256(key.as_bytes(), base.as_bytes())) && is_own
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(encoded(&hmac_sha256(key.joined()?.as_bytes(), base.as_bytes())))
    }
}
