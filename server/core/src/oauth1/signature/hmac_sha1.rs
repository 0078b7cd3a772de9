//! HMAC-SHA1 (RFC 5849 §3.4.2): what every client of OAuth 1.0a can.

use super::{SignatureMethod, SigningKey, encoded, is_tag};
use crate::crypto::hmac_sha1;
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// `HMAC-SHA1`.
#[derive(Clone, Copy, Debug)]
pub struct HmacSha1;

impl SignatureMethod for HmacSha1 {
    fn name(&self) -> &'static str {
        "HMAC-SHA1"
    }

    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.joined_or_nobodys();
        is_tag(signature, &hmac_sha1(key.as_bytes(), base.as_bytes())) && is_own
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(encoded(&hmac_sha1(key.joined()?.as_bytes(), base.as_bytes())))
    }
}
