//! Verifiers: long where a redirect carries them, short and typable where the user does (RFC 5849 §2.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::secret::{Secret, SecretHash};

/// Letters that are not taken for one another and spell no words (RFC 8628 §6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const TYPED_LETTERS: usize = 8;

/// How a verifier travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifierKind {
    /// In the redirect: 192 bits in base64url, compared as they are.
    Url,
    /// By hand: eight letters, 34 bits, compared without regard to case, hyphens and spaces. Whoever compares them has to count: with
    /// five attempts one in five billion guesses right.
    Typed,
}

impl VerifierKind {
    /// A verifier over fresh random bytes; a typed one in two groups, `BCDF-GHJK`.
    pub fn make(self, random: &[u8; 24]) -> Secret<String> {
        if self == Self::Url {
            return Secret::new(URL_SAFE_NO_PAD.encode(random));
        }
        let mut number = random.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let mut out = String::with_capacity(TYPED_LETTERS + 1);
        for index in 0..TYPED_LETTERS {
            if index == TYPED_LETTERS / 2 {
                out.push('-');
            }
            // 20 does not divide 2^128; what is left of the bias after eight letters is below 2^-93.
            out.push(char::from(ALPHABET[usize::try_from(number % 20).unwrap_or(0)]));
            number /= 20;
        }
        Secret::new(out)
    }

    /// What to keep of a verifier.
    pub fn hash(self, verifier: &str) -> SecretHash {
        SecretHash::of(self.canonical(verifier).expose().as_bytes())
    }

    /// Whether `sent` is the verifier that was kept, in constant time.
    pub fn matches(self, kept: &SecretHash, sent: &str) -> bool {
        kept.same(&self.hash(sent))
    }

    fn canonical(self, text: &str) -> Secret<String> {
        Secret::new(match self {
            Self::Url => text.to_owned(),
            Self::Typed => text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn random(seed: u8) -> [u8; 24] {
        std::array::from_fn(|index| seed.wrapping_mul(37).wrapping_add(u8::try_from(index).unwrap().wrapping_mul(101)))
    }

    #[test]
    fn a_typed_verifier_is_read_however_a_person_writes_it() {
        let verifier = VerifierKind::Typed.make(&random(1));
        let text = verifier.expose();
        assert!(
            text.len() == 9 && text.bytes().enumerate().all(|(at, byte)| if at == 4 { byte == b'-' } else { ALPHABET.contains(&byte) })
        );
        let kept = VerifierKind::Typed.hash(text);
        for written in [text.clone(), text.to_lowercase(), text.replace('-', ""), format!(" {} ", text.replace('-', " - "))] {
            assert!(VerifierKind::Typed.matches(&kept, &written), "{written}");
        }
        for wrong in ["", "BCDF-GHJK", &text[1..], &format!("{text}B")] {
            assert!(!VerifierKind::Typed.matches(&kept, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_verifier_of_a_redirect_is_compared_as_it_is() {
        let verifier = VerifierKind::Url.make(&random(2));
        assert_eq!(verifier.expose().len(), 32, "192 bits");
        let kept = VerifierKind::Url.hash(verifier.expose());
        assert!(VerifierKind::Url.matches(&kept, verifier.expose()));
        assert!(!VerifierKind::Url.matches(&kept, &verifier.expose().to_uppercase()));
        assert!(!VerifierKind::Typed.matches(&kept, verifier.expose()));
    }

    #[test]
    fn other_random_bytes_make_another_verifier() {
        for kind in [VerifierKind::Url, VerifierKind::Typed] {
            let all: std::collections::BTreeSet<_> = (0..=255).map(|seed| kind.make(&random(seed)).into_inner()).collect();
            assert_eq!(all.len(), 256);
        }
    }
}
