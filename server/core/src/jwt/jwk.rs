//! Public keys as JSON (RFC 7517, RFC 8037 §2) and their thumbprints (RFC 7638).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::crypto::{Algorithm, PublicKey, sha256};

/// A public key with the id that tokens name it by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jwk {
    /// `kid`.
    pub kid: String,
    /// The key.
    pub key: PublicKey,
}

/// Why a JWK is not usable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JwkError {
    /// Not a JSON object of the kind.
    Malformed,
    /// A key type, curve or algorithm that keyhook does not verify with.
    Unsupported,
    /// A member that has to be there is missing or has the wrong length.
    Member(&'static str),
    /// It is for something else than signatures.
    Use,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a JSON Web Key"),
            Self::Unsupported => f.write_str("a key type or algorithm that is not supported"),
            Self::Member(name) => write!(f, "the member `{name}` is missing or has a wrong length"),
            Self::Use => f.write_str("a key that is not for signatures"),
        }
    }
}

impl std::error::Error for JwkError {}

/// What is read of a JWK; a private member is ignored, as everything unknown is (RFC 7517 §4).
#[derive(Deserialize)]
struct Raw {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    /// A key named by its thumbprint.
    pub fn new(key: PublicKey) -> Self {
        Self { kid: thumbprint(&key), key }
    }

    /// Reads a public key. Without `kid` it is named by its thumbprint.
    ///
    /// # Errors
    /// See [`JwkError`].
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let raw = Raw::deserialize(value).map_err(|_| JwkError::Malformed)?;
        if raw.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err(JwkError::Use);
        }
        let key = raw.key()?;
        if raw.alg.is_some_and(|alg| alg != key.algorithm().name()) {
            return Err(JwkError::Unsupported);
        }
        Ok(Self { kid: raw.kid.unwrap_or_else(|| thumbprint(&key)), key })
    }

    /// The JSON object, as it is published.
    pub fn to_value(&self) -> Value {
        let mut object = members(&self.key);
        object["kid"] = self.kid.as_str().into();
        object["use"] = "sig".into();
        object["alg"] = self.key.algorithm().name().into();
        object
    }
}

impl Raw {
    fn key(&self) -> Result<PublicKey, JwkError> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(PublicKey::P256 { x: coordinate(self.x.as_deref(), "x")?, y: coordinate(self.y.as_deref(), "y")? }),
            ("OKP", Some("Ed25519")) => Ok(PublicKey::Ed25519 { x: coordinate(self.x.as_deref(), "x")? }),
            ("RSA", _) => {
                let (n, e) = (bytes(self.n.as_deref(), "n")?, bytes(self.e.as_deref(), "e")?);
                // RFC 7518 §3.3: 2048 bits or more. Longer than 8192 only costs the verifier.
                if !(256..=1024).contains(&n.len()) || n[0] == 0 {
                    return Err(JwkError::Member("n"));
                }
                Ok(PublicKey::Rsa { n, e })
            }
            _ => Err(JwkError::Unsupported),
        }
    }
}

fn bytes(text: Option<&str>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    URL_SAFE_NO_PAD.decode(text.unwrap_or_default()).ok().filter(|bytes| !bytes.is_empty()).ok_or(JwkError::Member(name))
}

fn coordinate(text: Option<&str>, name: &'static str) -> Result<[u8; 32], JwkError> {
    bytes(text, name)?.try_into().map_err(|_| JwkError::Member(name))
}

/// The members that make the key, which are those of its thumbprint. Sorted, as `serde_json` keeps them.
fn members(key: &PublicKey) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match key {
        PublicKey::P256 { x, y } => json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) }),
        PublicKey::Ed25519 { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(x) }),
        PublicKey::Rsa { n, e } => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
    }
}

/// RFC 7638 §3: SHA-256 over the required members in lexicographic order without white space.
fn thumbprint(key: &PublicKey) -> String {
    URL_SAFE_NO_PAD.encode(sha256(members(key).to_string().as_bytes()))
}

/// The keys that one issuer publishes (RFC 7517 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(Vec<Jwk>);

impl JwkSet {
    /// A set of keys.
    pub const fn new(keys: Vec<Jwk>) -> Self {
        Self(keys)
    }

    /// Reads a set. Keys of unknown sorts are left out (RFC 7517 §5); so are those after the first hundred.
    ///
    /// # Errors
    /// [`JwkError::Malformed`] when it is no set at all.
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        const MOST_KEYS: usize = 100;
        let document: Value = serde_json::from_slice(json).map_err(|_| JwkError::Malformed)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(JwkError::Malformed)?;
        Ok(Self(keys.iter().take(MOST_KEYS).filter_map(|key| Jwk::from_value(key).ok()).collect()))
    }

    /// The JSON document.
    pub fn json(&self) -> Vec<u8> {
        json!({ "keys": self.0.iter().map(Jwk::to_value).collect::<Vec<_>>() }).to_string().into_bytes()
    }

    /// The key that a token's header names: by `kid` and algorithm, or without `kid` the only one of that algorithm.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Jwk> {
        let mut fitting = self.0.iter().filter(|key| key.key.algorithm() == algorithm && kid.is_none_or(|kid| key.kid == kid));
        let first = fitting.next();
        if kid.is_none() && fitting.next().is_some() { None } else { first }
    }

    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 7638 §3.1 and RFC 8037 appendix A.3: published thumbprints.
    #[test]
    fn thumbprints_agree_with_the_published_examples() {
        let rsa = json!({ "kty": "RSA", "alg": "RS256", "e": "AQAB", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw" });
        assert_eq!(Jwk::from_value(&rsa).unwrap().kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        assert_eq!(Jwk::from_value(&ed).unwrap().kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_published_set_is_read_back_and_a_key_is_found_by_its_id_and_algorithm() {
        let keys = [PublicKey::P256 { x: [1; 32], y: [2; 32] }, PublicKey::Ed25519 { x: [3; 32] }, PublicKey::Ed25519 { x: [4; 32] }];
        let set = JwkSet::new(keys.into_iter().map(Jwk::new).collect());
        let read = JwkSet::parse(&set.json()).unwrap();
        assert_eq!(read, set);
        let (p256, first) = (&set.keys()[0], &set.keys()[1]);
        assert_eq!(read.find(Some(&first.kid), Algorithm::EdDsa), Some(first));
        assert_eq!(read.find(Some(&first.kid), Algorithm::Es256), None, "the key decides the algorithm (RFC 8725 §3.1)");
        assert_eq!(read.find(None, Algorithm::Es256), Some(p256));
        assert_eq!(read.find(None, Algorithm::EdDsa), None, "two could be meant");
    }

    /// RFC 7517 §5: keys of unknown sorts are ignored. §4.2: so are those for encryption.
    #[test]
    fn keys_that_cannot_verify_are_left_out() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let set = json!({ "keys": [
            { "kty": "oct", "k": "AAAA" },
            { "kty": "EC", "crv": "P-521", "x": x, "y": x },
            { "kty": "OKP", "crv": "Ed25519", "x": "AA" },
            { "kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc" },
            { "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "ES256" },
            { "kty": "RSA", "n": "AQAB", "e": "AQAB" },
            "text",
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "mine", "d": "secret" },
        ] });
        let read = JwkSet::parse(set.to_string().as_bytes()).unwrap();
        assert_eq!(read.keys(), [Jwk { kid: "mine".into(), key: PublicKey::Ed25519 { x: [1; 32] } }]);
        for broken in [&b""[..], b"[]", b"{}", br#"{"keys":{}}"#] {
            assert_eq!(JwkSet::parse(broken), Err(JwkError::Malformed));
        }
    }

    #[test]
    fn every_error_says_what_is_wrong() {
        let all = [JwkError::Malformed, JwkError::Unsupported, JwkError::Member("x"), JwkError::Use];
        let words: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert!(words.len() == all.len() && words.iter().any(|text| text.contains("`x`")));
    }
}
