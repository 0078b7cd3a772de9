//! The compact serialization, read strictly: three parts, one way to write each, no header that changes what is checked (RFC 7515 §3.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::jwk::Jwk;
use crate::crypto::Algorithm;

/// Longer tokens are refused before anything is decoded.
const LONGEST: usize = 16 * 1024;

/// Why a token is not believed. For logs and tests: the bearer hears one answer for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejected {
    /// Not three parts of base64url with JSON objects in the first two, or too long.
    Malformed,
    /// An algorithm that is not supported: `none` and everything symmetric among them (RFC 8725 §3.1, §3.2).
    Algorithm,
    /// A `crit` header (RFC 7515 §4.1.11): it demands what keyhook does not know.
    Critical,
    /// Another `typ` than is expected here (RFC 8725 §3.11).
    Type,
    /// The key is another one, or the signature is not its.
    Signature,
    /// A claim that has to be there is missing or of the wrong type.
    Claim(&'static str),
    /// Another issuer.
    Issuer,
    /// For another audience.
    Audience,
    /// Ended, or not valid yet.
    Time,
}

/// A token whose signature nobody has checked: it gives away what is needed to find the key, and nothing else.
#[derive(Debug)]
pub struct Unverified<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

/// Whether a text has the shape of a signed token, so that it is worth reading as one.
pub fn looks_like(text: &str) -> bool {
    // `{"` in base64url.
    text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. Keys that its header brings along (`jwk`, `jku`, `x5u`, `x5c`) are never looked at (RFC 8725 §3.10).
    ///
    /// # Errors
    /// [`Rejected::Malformed`], [`Rejected::Algorithm`], [`Rejected::Critical`].
    pub fn parse(text: &'a str) -> Result<Self, Rejected> {
        if text.len() > LONGEST {
            return Err(Rejected::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Rejected::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Rejected::Malformed)?;
        if payload.contains('.') {
            return Err(Rejected::Malformed);
        }
        let header = object(header)?;
        let named = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Rejected::Malformed),
        };
        let algorithm = named("alg")?.as_deref().and_then(Algorithm::named).ok_or(Rejected::Algorithm)?;
        if header.contains_key("crit") {
            return Err(Rejected::Critical);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Rejected::Malformed)?;
        Ok(Self { signed, payload, signature, algorithm, kid: named("kid")?, typ: named("typ")? })
    }

    /// The algorithm of the header.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the header.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The claims, if `key` signed them as a token of type `typ`. The type is compared as a media type: without regard to case and
    /// with or without `application/` (RFC 7515 §4.1.9).
    ///
    /// # Errors
    /// [`Rejected::Type`], [`Rejected::Signature`], [`Rejected::Malformed`].
    pub fn verify(&self, key: &Jwk, typ: &str) -> Result<Map<String, Value>, Rejected> {
        let own = self.typ.as_deref().ok_or(Rejected::Type)?;
        let bare = own.get(..12).filter(|start| start.eq_ignore_ascii_case("application/")).map_or(own, |start| &own[start.len()..]);
        if !bare.eq_ignore_ascii_case(typ) {
            return Err(Rejected::Type);
        }
        if key.key.algorithm() != self.algorithm || !key.key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(Rejected::Signature);
        }
        object(self.payload)
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Rejected> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejected::Malformed)?;
    serde_json::from_slice::<Members>(&json).map(|members| members.0).map_err(|_| Rejected::Malformed)
}

/// The members of an object, each once: two readers of a name that stands twice could believe two things (RFC 7519 §4, RFC 8725 §2.4).
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are unique")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom("a name stands twice"));
            }
        }
        Ok(Members(members))
    }
}
