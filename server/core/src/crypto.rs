//! The one door to the cryptographic library: hashing, comparing, sealing, signing, form tokens.

mod csrf;
mod rsa;
mod seal;
mod sign;

use aws_lc_rs::{constant_time, digest, hmac};

pub use csrf::{csrf_token, verify_csrf_token};
pub use seal::{MasterKey, SealError, Sealer};
pub use sign::{Algorithm, KeyError, PrivateKey, PublicKey};

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, data).as_ref())
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

/// SHA-1 (FIPS 180-4), for OAuth 1.0a alone, which knows nothing else for the hash of a body.
pub fn sha1(data: &[u8]) -> [u8; 20] {
    array(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref())
}

/// SHA-512 (FIPS 180-4).
pub fn sha512(data: &[u8]) -> [u8; 64] {
    array(digest::digest(&digest::SHA512, data).as_ref())
}

/// HMAC-SHA-1 (RFC 2104), for OAuth 1.0a alone. What breaks SHA-1, collisions, does not break its HMAC.
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data).as_ref())
}

/// HMAC-SHA-512 (RFC 2104).
pub fn hmac_sha512(key: &[u8], data: &[u8]) -> [u8; 64] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), data).as_ref())
}

/// Whether both are equal, in a time that depends on their lengths only.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// The bytes of a tag or digest that is `N` bytes long.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// FIPS 180-4, example "abc".
    #[test]
    fn sha256_agrees_with_the_published_example() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    /// RFC 4231 §4.3, test case 2.
    #[test]
    fn hmac_agrees_with_the_published_example() {
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    /// FIPS 180-4, example "abc"; RFC 2202 §3 and RFC 4231 §4.3, test case 2.
    #[test]
    fn the_hashes_of_oauth_1_agree_with_the_published_examples() {
        const TEXT: &[u8] = b"what do ya want for nothing?";
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(&sha512(b"abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
        assert_eq!(hex(&hmac_sha1(b"Jefe", TEXT)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            hex(&hmac_sha512(b"Jefe", TEXT)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
    }

    #[test]
    fn unequal_lengths_are_unequal() {
        assert!(constant_time_eq(b"", b""));
        assert!(!constant_time_eq(b"a", b""));
        assert!(!constant_time_eq(b"a", b"b"));
    }
}
