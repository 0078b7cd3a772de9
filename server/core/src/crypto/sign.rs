//! Signatures of tokens: the private key, the public key, and the algorithms that both know (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{encoding::AsDer as _, error::Unspecified};
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// A signature algorithm, under its registered name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 (RFC 8037 §3.1).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3). Fifty times slower to sign than the others; for verifiers that know nothing else.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of a registered name; `none` and the symmetric ones have none here.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A key could not be made or read, or did not sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signing key cannot be used")
    }
}

impl std::error::Error for KeyError {}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// A private key that signs.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm().name())
    }
}

impl PrivateKey {
    /// Makes a key; the cryptographic library draws its own chance for it. RSA keys have 2048 bits and take a moment.
    /// What is returned is PKCS #8 (RFC 5958), to be sealed.
    ///
    /// # Errors
    /// [`KeyError`] when the library cannot.
    pub fn generate(algorithm: Algorithm) -> Result<Secret<Vec<u8>>, KeyError> {
        let random = SystemRandom::new();
        let bytes = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?.as_ref().to_vec(),
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random)?.as_ref().to_vec(),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?.as_ref().to_vec(),
        };
        Ok(Secret::new(bytes))
    }

    /// Reads what [`PrivateKey::generate`] made.
    ///
    /// # Errors
    /// [`KeyError`] when it is no such key.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let (pair, public) = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| KeyError)?;
                // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
                let point: &[u8; 65] = pair.public_key().as_ref().try_into().map_err(|_| KeyError)?;
                let public = PublicKey::P256 { x: half(&point[1..33]), y: half(&point[33..]) };
                (Pair::Es256(pair), public)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError)?;
                let public = PublicKey::Ed25519 { x: pair.public_key().as_ref().try_into().map_err(|_| KeyError)? };
                (Pair::EdDsa(pair), public)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError)?;
                let key = pair.public_key();
                let public = PublicKey::Rsa {
                    n: key.modulus().big_endian_without_leading_zero().to_vec(),
                    e: key.exponent().big_endian_without_leading_zero().to_vec(),
                };
                (Pair::Rs256(Box::new(pair)), public)
            }
        };
        Ok(Self { pair, public })
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
            Pair::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// The other half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of a message, as a JWS carries it (RFC 7515 §5.1).
    ///
    /// # Errors
    /// [`KeyError`] when the library cannot.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match &self.pair {
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.try_sign(message)?.as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                signature
            }
        })
    }
}

fn half(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(bytes);
    out
}

/// A public key. Its sort says which algorithm it verifies, so that a token cannot choose another (RFC 8725 §3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// A point on P-256, for ES256.
    P256 {
        /// First coordinate, big endian.
        x: [u8; 32],
        /// Second coordinate, big endian.
        y: [u8; 32],
    },
    /// A point on Ed25519, for `EdDSA`.
    Ed25519 {
        /// The point, encoded (RFC 8032 §5.1.2).
        x: [u8; 32],
    },
    /// An RSA key of 2048 bits or more, for RS256.
    Rsa {
        /// Modulus, big endian, without leading zeros.
        n: Vec<u8>,
        /// Exponent, big endian, without leading zeros.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// What it verifies.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Whether `signature` is this key's over `message`. A key that is none, such as a point off the curve, verifies nothing.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256 { x, y } => {
                let mut point = [4; 65];
                point[1..33].copy_from_slice(x);
                point[33..].copy_from_slice(y);
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Ed25519 { x } => signature::UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature).is_ok(),
            Self::Rsa { n, e } => {
                let components = PublicKeyComponents { n, e };
                components.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn key(algorithm: Algorithm) -> PrivateKey {
        PrivateKey::from_pkcs8(algorithm, PrivateKey::generate(algorithm).unwrap().expose()).unwrap()
    }

    #[test]
    fn what_a_key_signs_its_public_half_verifies_and_no_other() {
        for algorithm in Algorithm::ALL {
            let (own, other) = (key(algorithm), key(algorithm));
            let signature = own.sign(b"message").unwrap();
            assert_eq!((own.algorithm(), own.public().algorithm()), (algorithm, algorithm));
            assert!(own.public().verifies(b"message", &signature), "{algorithm:?}");
            assert!(!own.public().verifies(b"massage", &signature) && !other.public().verifies(b"message", &signature));
            let mut bent = signature.clone();
            bent[7] ^= 1;
            assert!(!own.public().verifies(b"message", &bent) && !own.public().verifies(b"message", &signature[1..]));
            assert!(!own.public().verifies(b"message", b""));
        }
    }

    #[test]
    fn a_key_of_one_algorithm_is_none_of_another() {
        for made in Algorithm::ALL {
            let bytes = PrivateKey::generate(made).unwrap();
            for read in Algorithm::ALL {
                assert_eq!(PrivateKey::from_pkcs8(read, bytes.expose()).is_ok(), made == read);
            }
        }
        assert!(!PublicKey::P256 { x: [1; 32], y: [1; 32] }.verifies(b"", &[0; 64]), "a point off the curve");
        assert!(!PublicKey::Ed25519 { x: [0; 32] }.verifies(b"", &[0; 64]), "a point of small order");
    }

    #[test]
    fn only_registered_names_of_public_key_algorithms_are_known() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        for name in ["none", "None", "HS256", "es256", "ES384", ""] {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
        assert_eq!(format!("{:?}", key(Algorithm::EdDsa)), "PrivateKey(EdDSA)");
    }
}
