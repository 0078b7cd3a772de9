//! Proof Key for Code Exchange, S256 only (RFC 7636; `plain` does not exist here).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::crypto;
use crate::error::OAuthError;
use crate::kh;

/// An S256 challenge: the SHA-256 of a verifier that only the client knows yet. Serialized as its 43 characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method`. An absent method means `plain` (RFC 7636 §4.3) and is refused.
    ///
    /// # Errors
    /// `invalid_request` (RFC 7636 §4.4.1).
    pub fn parse(method: Option<&str>, challenge: &str) -> Result<Self, OAuthError> {
        if method != Some("S256") {
            return Err(OAuthError::invalid_request("code_challenge_method must be S256").with_kh(kh::PKCE_CHALLENGE));
        }
        Self::decode(challenge)
            .ok_or_else(|| OAuthError::invalid_request("code_challenge must be 43 characters of base64url").with_kh(kh::PKCE_CHALLENGE))
    }

    fn decode(challenge: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(challenge, &mut bytes) {
            Ok(32) => Some(Self(bytes)),
            _ => None,
        }
    }

    fn fits(&self, verifier: &str) -> bool {
        crypto::constant_time_eq(&self.0, &crypto::sha256(verifier.as_bytes()))
    }
}

/// Whether the verifier of a token request fits the challenge of the authorization request (RFC 7636 §4.6).
///
/// # Errors
/// `invalid_grant` if the verifier is wrong, missing, or sent without a challenge before it: a verifier nobody asked for
/// means that somebody removed the challenge on the way (RFC 9700 §2.1.1).
pub fn verify(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let (cause, kh) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(_), None) => ("code_verifier is missing", kh::VERIFIER_MISMATCH),
        (None, Some(_)) => ("code_verifier without code_challenge", kh::VERIFIER_MISMATCH),
        (Some(_), Some(verifier)) if !is_verifier(verifier) => ("code_verifier is malformed", kh::VERIFIER_MALFORMED),
        (Some(challenge), Some(verifier)) if challenge.fits(verifier) => return Ok(()),
        (Some(_), Some(_)) => ("code_verifier does not fit code_challenge", kh::VERIFIER_WRONG),
    };
    Err(OAuthError::invalid_grant().with_cause(cause).with_kh(kh))
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

impl Serialize for CodeChallenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for CodeChallenge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::decode(&Cow::<str>::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a code challenge is 43 characters of base64url"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge() -> CodeChallenge {
        CodeChallenge::parse(Some("S256"), CHALLENGE).unwrap()
    }

    /// RFC 7636 Appendix B.
    #[test]
    fn the_example_of_the_rfc_verifies() {
        assert!(verify(Some(&challenge()), Some(VERIFIER)).is_ok());
        assert_eq!(serde_json::to_string(&challenge()).unwrap(), format!("\"{CHALLENGE}\""));
    }

    /// RFC 7636 §4.3 (an absent method is plain) and §4.4.1: attack CP-09.
    #[test]
    fn every_method_but_s256_is_refused() {
        for method in [None, Some("plain"), Some("s256"), Some("S512"), Some(""), Some("S256 ")] {
            assert!(CodeChallenge::parse(method, CHALLENGE).is_err(), "{method:?}");
        }
    }

    #[test]
    fn a_challenge_has_one_spelling() {
        for wrong in [
            "",
            "E9Melhoa",
            &CHALLENGE[..42],
            &format!("{CHALLENGE}="),
            &format!("{CHALLENGE}A"),
            &CHALLENGE.replace('-', "+"),
            &format!("{}N", &CHALLENGE[..42]),
        ] {
            assert!(CodeChallenge::parse(Some("S256"), wrong).is_err(), "{wrong}");
        }
    }

    /// RFC 7636 §4.6 and RFC 9700 §2.1.1: attacks CP-06, CP-07.
    #[test]
    fn a_challenge_without_verifier_and_a_verifier_without_challenge_are_refused() {
        assert!(verify(None, None).is_ok());
        for (challenge, verifier) in [(Some(challenge()), None), (None, Some(VERIFIER))] {
            let error = verify(challenge.as_ref(), verifier).unwrap_err();
            assert_eq!((error.code.wire(), error.kh), ("invalid_grant", kh::VERIFIER_MISMATCH));
        }
    }

    /// Attack CP-13: no prefix, no other case, not the challenge itself.
    #[test]
    fn only_the_whole_verifier_fits() {
        for wrong in [&VERIFIER.to_lowercase(), &format!("{VERIFIER}a"), &VERIFIER.replace('d', "e"), CHALLENGE] {
            assert_eq!(verify(Some(&challenge()), Some(wrong)).unwrap_err().kh, kh::VERIFIER_WRONG, "{wrong}");
        }
    }

    /// RFC 7636 §4.1: 43 to 128 unreserved characters.
    #[test]
    fn a_malformed_verifier_is_refused_even_if_its_hash_fits() {
        for verifier in ["", "short", &"a".repeat(42), &"a".repeat(129), &"é".repeat(43), &format!("{VERIFIER} ")] {
            let challenge = CodeChallenge(crypto::sha256(verifier.as_bytes()));
            assert_eq!(verify(Some(&challenge), Some(verifier)).unwrap_err().kh, kh::VERIFIER_MALFORMED);
        }
        for length in [43, 128] {
            let verifier = "a".repeat(length);
            let challenge = CodeChallenge(crypto::sha256(verifier.as_bytes()));
            assert!(verify(Some(&challenge), Some(&verifier)).is_ok());
        }
    }
}
