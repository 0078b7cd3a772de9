//! Values that must not be shown or compared by accident, and the hash under which they are kept.

use std::fmt;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroize;

use crate::crypto;

/// A value that is wiped when dropped and that has no `Display`, no `PartialEq` and no `Serialize`.
///
/// ```compile_fail
/// let password = keyhook_core::Secret::new(String::from("correct-horse"));
/// println!("{password}");
/// ```
/// ```
/// let password = keyhook_core::Secret::new(String::from("correct-horse"));
/// assert_eq!(format!("{password:?}"), "***");
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value up, unwiped.
    pub fn into_inner(mut self) -> T
    where
        T: Default,
    {
        std::mem::take(&mut self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// SHA-256 of a secret with at least 128 bits of entropy: tokens and generated client secrets, never passwords.
///
/// Serialized as base64url without padding (43 characters). It has no `PartialEq`; the comparisons it offers take
/// constant time.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(crypto::sha256(secret))
    }

    /// Whether `candidate` is the secret that was hashed, in constant time.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.same(&Self::of(candidate))
    }

    /// Whether both are hashes of one secret, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        crypto::constant_time_eq(&self.0, &other.0)
    }

    /// A hash that a store kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(&self.0, &URL_SAFE_NO_PAD))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text.as_bytes(), &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(de::Error::custom("a secret hash is 32 bytes in base64url")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn neither_a_secret_nor_its_hash_shows_itself() {
        let secret = Secret::new(String::from("hush"));
        let hash = SecretHash::of(b"hush");
        assert_eq!(format!("{secret:?} {hash:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.into_inner(), "hush");
    }

    #[test]
    fn a_hash_matches_its_secret_and_nothing_else() {
        let hash = SecretHash::of(b"hush");
        assert!(hash.matches(b"hush"));
        for other in [&b""[..], b"Hush", b"hus", b"hush ", hash.as_bytes()] {
            assert!(!hash.matches(other));
        }
    }

    #[test]
    fn a_hash_survives_its_json_form_and_refuses_other_lengths() {
        let hash = SecretHash::of(b"hush");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json.len(), 45);
        assert!(serde_json::from_str::<SecretHash>(&json).unwrap().same(&hash));
        for wrong in ["\"\"", "\"AA\"", "7", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""] {
            assert!(serde_json::from_str::<SecretHash>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_made_of_its_value() {
        assert_eq!(Secret::from(String::from("hush")).expose(), "hush");
    }
}
