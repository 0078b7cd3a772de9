//! RSA-SHA1 (RFC 5849 §3.4.3): verified for the clients that have it, never made. Collisions of SHA-1 are affordable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SignatureMethod, SigningKey};
use crate::oauth1::base_string::BaseString;

/// `RSA-SHA1`.
#[derive(Clone, Copy, Debug)]
pub struct RsaSha1;

impl SignatureMethod for RsaSha1 {
    fn name(&self) -> &'static str {
        "RSA-SHA1"
    }

    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.public_or_nobodys();
        STANDARD.decode(signature).is_ok_and(|signature| key.verifies_rsa_sha1(base.as_bytes(), &signature)) && is_own
    }
}
