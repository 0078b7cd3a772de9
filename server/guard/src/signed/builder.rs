//! How the check of signed tokens is set up.

use std::sync::Arc;
use std::time::Duration;

use keyhook_core::crypto::Algorithm;

use super::SignedTokens;
use super::keys::Keys;
use crate::expected::Expected;
use crate::fetch::{Fetch, default_fetch};
use crate::setup::{SetupError, endpoint};

/// The most that clocks may differ.
const MOST_SKEW: Duration = Duration::from_mins(2);

/// Sets the check of signed tokens up.
#[must_use]
pub struct SignedTokensBuilder {
    issuer: String,
    audience: Option<String>,
    jwks: Option<String>,
    algorithms: Vec<Algorithm>,
    skew: Duration,
    fetch: Option<Arc<dyn Fetch>>,
}

impl SignedTokensBuilder {
    pub(super) fn new(issuer: String) -> SignedTokensBuilder {
        let algorithms = vec![Algorithm::EdDsa, Algorithm::Es256];
        SignedTokensBuilder { issuer, audience: None, jwks: None, algorithms, skew: Duration::from_secs(10), fetch: None }
    }

    /// What the token must be for: this API, as `aud` names it. It has to be said (RFC 9068 §4): otherwise a token for another API
    /// would do here.
    pub fn audience(mut self, audience: impl Into<String>) -> SignedTokensBuilder {
        self.audience = Some(audience.into());
        self
    }

    /// Where the issuer publishes its keys, the `jwks_uri` of its metadata; `/jwks` below the issuer unless said.
    pub fn jwks(mut self, url: impl Into<String>) -> SignedTokensBuilder {
        self.jwks = Some(url.into());
        self
    }

    /// The algorithms that are accepted; `EdDSA` and ES256 unless said.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> SignedTokensBuilder {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// By how much the clocks of issuer and API may differ: 10 s unless said, 2 min at most. A token is let in for as long after
    /// its end.
    pub fn skew(mut self, skew: Duration) -> SignedTokensBuilder {
        self.skew = skew;
        self
    }

    /// Fetches the keys in another way than over `HttpsFetch`.
    pub fn fetch_with(mut self, fetch: impl Fetch + 'static) -> SignedTokensBuilder {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Checks all of it. Keys are fetched when the first token comes.
    ///
    /// # Errors
    /// What is wrong, with `KH0705`.
    pub fn build(self) -> Result<SignedTokens, SetupError> {
        let audience = self.audience.filter(|audience| !audience.is_empty());
        let audience = audience.ok_or(SetupError::value("signed tokens", "no audience is given; call `audience(…)`"))?;
        if self.algorithms.is_empty() {
            return Err(SetupError::value("signed tokens", "no algorithm is accepted"));
        }
        if self.skew > MOST_SKEW {
            return Err(SetupError::value("signed tokens", "clocks may differ by 2 minutes at most"));
        }
        endpoint("the issuer", &self.issuer)?;
        let url = self.jwks.unwrap_or_else(|| format!("{}/jwks", self.issuer));
        let fetch = match self.fetch {
            Some(fetch) => fetch,
            None => default_fetch()?,
        };
        Ok(SignedTokens {
            expected: Expected { issuer: Some(self.issuer), audience: Some(audience) },
            algorithms: self.algorithms,
            skew: self.skew,
            keys: Arc::new(Keys::new(endpoint("the place of the keys", &url)?, fetch)),
        })
    }
}
