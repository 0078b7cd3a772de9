//! RSA keys of others: read from PEM or DER (RFC 7468 §13, RFC 5280 §4.1), and signatures over SHA-1, for OAuth 1.0a alone.

use aws_lc_rs::rsa::{PublicKey as Parsed, PublicKeyComponents};
use aws_lc_rs::signature;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KeyError, PublicKey};

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// Longer keys only cost the verifier.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

impl PublicKey {
    /// Reads an RSA key of 2048 to 8192 bits from a `SubjectPublicKeyInfo` in PEM: one block, `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// [`KeyError`] when it is no such key. A certificate or a private key is none.
    pub fn rsa_from_pem(pem: &str) -> Result<Self, KeyError> {
        let inner = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(KeyError)?;
        let base64: String = inner.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        Self::rsa_from_der(&STANDARD.decode(base64).map_err(|_| KeyError)?)
    }

    /// Reads an RSA key of 2048 to 8192 bits from a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError`] when it is no such key.
    pub fn rsa_from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = Parsed::from_der(der).map_err(|_| KeyError)?;
        let n = key.modulus().big_endian_without_leading_zero().to_vec();
        let e = key.exponent().big_endian_without_leading_zero().to_vec();
        if MODULUS_BYTES.contains(&n.len()) { Ok(Self::Rsa { n, e }) } else { Err(KeyError) }
    }

    /// Whether `signature` is this RSA key's over `message` with SHA-1 (RSASSA-PKCS1-v1_5, RFC 8017 §8.2). Other keys sign nothing so.
    pub fn verifies_rsa_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        let Self::Rsa { n, e } = self else { return false };
        PublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, message, signature).is_ok()
    }
}
