//! Access tokens as JWTs (RFC 9068).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::compact::{Rejected, Unverified};
use super::jwk::{Jwk, JwkSet};
use crate::crypto::{Algorithm, KeyError, PrivateKey};
use crate::id::RecordId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// The `typ` of an access token (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";

/// The claims that keyhook writes and needs (RFC 9068 §2.2). Times are whole seconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued it.
    pub iss: String,
    /// Who it speaks for: the user, or the client that acts for itself.
    pub sub: String,
    /// The one resource it is for. A list is read, too, where it has one member.
    #[serde(deserialize_with = "one_audience")]
    pub aud: String,
    /// The client it was issued to.
    pub client_id: String,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its own name: see [`AccessClaims::jti_of`].
    pub jti: String,
    /// What it may do; absent for nothing in particular.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// When the user signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// Authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// What the operator keeps about the client, for resource servers to decide by.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub client_attributes: Map<String, Value>,
    /// What plugins attached to the token, as far as the operator tells it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub token_attributes: Map<String, Value>,
}

impl AccessClaims {
    /// `jti`: base64url of the token's own id and its grant's, from which its issuer finds out whether it still lives.
    pub fn jti_of(id: RecordId, grant: RecordId) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&id.raw().to_be_bytes());
        bytes[8..].copy_from_slice(&grant.raw().to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token's id and its grant's, if `jti` is one of [`AccessClaims::jti_of`].
    pub fn ids(&self) -> Option<(RecordId, RecordId)> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(&self.jti, &mut bytes).ok()?;
        let (id, grant) = bytes.split_first_chunk::<8>()?;
        let (id, grant) = (i64::from_be_bytes(*id), i64::from_be_bytes(*grant.first_chunk()?));
        (length == 16 && id > 0 && grant >= 0).then(|| (RecordId::from_raw(id), RecordId::from_raw(grant)))
    }

    /// Whether the client acts for itself: there is no user, and `sub` is the client (RFC 9068 §2.2).
    pub fn is_client_itself(&self) -> bool {
        self.ids().is_some_and(|(_, grant)| grant.is_none())
    }

    /// Reads an access token of `issuer` whose key is in `keys`. Who is not the issuer also checks the audience.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn verify(text: &str, keys: &JwkSet, issuer: &str, now: Timestamp) -> Result<Self, Rejected> {
        let token = Unverified::parse(text)?;
        let key = keys.find(token.kid(), token.algorithm()).ok_or(Rejected::Signature)?;
        Self::from_claims(token.verify(key, TYPE)?, issuer, now)
    }

    fn from_claims(claims: Map<String, Value>, issuer: &str, now: Timestamp) -> Result<Self, Rejected> {
        let claims: Self =
            serde_json::from_value(Value::Object(claims)).map_err(|_| Rejected::Claim("iss sub aud client_id exp iat jti"))?;
        if claims.iss != issuer {
            return Err(Rejected::Issuer);
        }
        if claims.exp <= now.seconds() {
            return Err(Rejected::Time);
        }
        Ok(claims)
    }
}

fn one_audience<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        List([String; 1]),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) | Audience::List([one]) => one,
    })
}

/// Writes access tokens with one key. The header is encoded once.
#[derive(Debug)]
pub struct AccessTokenWriter {
    key: PrivateKey,
    jwk: Jwk,
    header: String,
}

impl AccessTokenWriter {
    /// A writer over a private key in PKCS #8.
    ///
    /// # Errors
    /// [`KeyError`] when it is no key of the algorithm.
    pub fn new(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateKey::from_pkcs8(algorithm, pkcs8)?;
        let jwk = Jwk::new(key.public().clone());
        let header = serde_json::json!({ "alg": algorithm.name(), "kid": jwk.kid, "typ": TYPE }).to_string();
        Ok(Self { header: URL_SAFE_NO_PAD.encode(header), key, jwk })
    }

    /// The public half.
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The signed token.
    ///
    /// # Errors
    /// [`KeyError`] when the library cannot sign.
    pub fn write(&self, claims: &AccessClaims) -> Result<Secret<String>, KeyError> {
        let payload = serde_json::to_vec(claims).map_err(|_| KeyError)?;
        // Base64 takes four characters for three bytes; a signature of RS256 is 342 of them.
        let mut token = String::with_capacity(self.header.len() + payload.len() * 4 / 3 + 350);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Secret::new(token))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
