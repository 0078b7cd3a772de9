//! Checks access tokens that are JWTs by their signature, without asking anybody (RFC 9068 §4).

mod builder;
mod claims;
#[cfg(test)]
mod doubles;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use keyhook_core::crypto::Algorithm;
use keyhook_core::jwt::{TYPE, Unverified, looks_like};
use keyhook_core::{Secret, Timestamp};

pub use builder::SignedTokensBuilder;

use self::keys::Keys;
use crate::expected::Expected;
use crate::fetch::BoxFuture;
use crate::principal::Principal;
use crate::refused::Refused;
use crate::verifier::Verifier;

/// Checks signed access tokens of one issuer. Make one with [`SignedTokens::of`].
///
/// A revocation is not seen before the token ends: that is the price of asking nobody. Short lifetimes keep it small; where it is
/// too high, ask, with [`Introspection`](crate::Introspection).
pub struct SignedTokens {
    expected: Expected,
    algorithms: Vec<Algorithm>,
    skew: Duration,
    keys: Arc<Keys>,
}

impl SignedTokens {
    /// Checks tokens of the issuer with this identifier, byte for byte the `iss` of its tokens.
    pub fn of(issuer: impl Into<String>) -> SignedTokensBuilder {
        SignedTokensBuilder::new(issuer.into())
    }

    /// Leaves tokens that are no JWTs to another verifier, such as [`Introspection`](crate::Introspection).
    pub fn otherwise<V: Verifier>(self, other: V) -> Otherwise<V> {
        Otherwise { signed: self, other }
    }

    async fn check(&self, text: &str, now: Timestamp) -> Result<Principal, Refused> {
        let token = Unverified::parse(text).map_err(|_| Refused::InvalidToken("it is no JWT with an algorithm that is known here"))?;
        if !self.algorithms.contains(&token.algorithm()) {
            return Err(Refused::InvalidToken("its algorithm is not among those that are accepted"));
        }
        let key = self.keys.find(token.kid(), token.algorithm(), now).await?;
        let claims = token.verify(&key, TYPE).map_err(|_| Refused::InvalidToken("its type is not at+jwt, or its signature is wrong"))?;
        claims::principal(claims, &self.expected, self.skew, now).map_err(Refused::InvalidToken)
    }
}

impl Verifier for SignedTokens {
    fn verify<'a>(&'a self, token: &'a Secret<String>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        Box::pin(self.check(token.expose(), now))
    }
}

/// Signed tokens by their signature, all others in another way.
pub struct Otherwise<V> {
    signed: SignedTokens,
    other: V,
}

impl<V: Verifier> Verifier for Otherwise<V> {
    fn verify<'a>(&'a self, token: &'a Secret<String>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        if looks_like(token.expose()) { self.signed.verify(token, now) } else { self.other.verify(token, now) }
    }
}
