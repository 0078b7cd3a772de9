//! RSA-SHA256: as RFC 5849 §3.4.3 with SHA-256; no RFC names it, several libraries do.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SignatureMethod, SigningKey, encoded};
use crate::crypto::{Algorithm, PublicKey};
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// `RSA-SHA256`.
#[derive(Clone, Copy, Debug)]
pub struct RsaSha256;

/// An odd number of 2048 bits as a modulus: nobody knows its factors, nobody's signature fits it.
pub(super) static NOBODY: LazyLock<PublicKey> =
    LazyLock::new(|| PublicKey::Rsa { n: [&[0xC5; 255][..], &[0x01]].concat(), e: vec![1, 0, 1] });

impl SignatureMethod for RsaSha256 {
    fn name(&self) -> &'static str {
        "RSA-SHA256"
    }

    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool {
        let (key, is_own) = key.public_or_nobodys();
        STANDARD.decode(signature).is_ok_and(|signature| key.verifies(base.as_bytes(), &signature)) && is_own
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        let key = key.private_key().filter(|key| key.algorithm() == Algorithm::Rs256)?;
        Some(encoded(&key.sign(base.as_bytes()).ok()?))
    }
}
