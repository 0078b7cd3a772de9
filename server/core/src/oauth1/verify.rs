//! From a request that says who signed it to one that is proven to be theirs (RFC 5849 §3.2).

use std::sync::Arc;

use super::base_string::BaseString;
use super::body_hash;
use super::error::{Oauth1Error, Problem};
use super::parameters::Parameters;
use super::request::SignedRequest;
use super::signature::{SignatureMethod, SigningKey};
use super::timestamp::{NonceKey, Window};
use crate::kh;
use crate::mask::masked;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A signed request whose signature nobody has checked: it gives away what is needed to find the key, and nothing else.
#[derive(Clone, Debug)]
pub struct Unverified<'r> {
    request: SignedRequest<'r>,
    parameters: Arc<Parameters>,
}

/// Why there is no key to check a signature with. The difference is for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// There is no such consumer, or it is disabled, or it does not speak OAuth 1.0a.
    Consumer,
    /// There is no such token, or it is another consumer's, or it has ended.
    Token,
}

/// What a request has to be.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The method that the request names; none if this server does not offer it.
    pub method: Option<&'a dyn SignatureMethod>,
    /// The names of the methods that the consumer may use. With an empty list it may use none.
    pub allowed: &'a [String],
    /// The key of consumer and token; without one the request costs the same time and is refused as a wrong signature is.
    pub key: Result<SigningKey<'a>, Unknown>,
    /// The timestamps that are believed.
    pub window: Window,
}

impl<'r> Unverified<'r> {
    /// Reads a request. `None` if it is not signed in the manner of OAuth 1.0a.
    ///
    /// # Errors
    /// As [`Parameters::collect`].
    pub fn read(request: &SignedRequest<'r>) -> Result<Option<Self>, Oauth1Error> {
        Ok(Parameters::collect(request)?.map(|parameters| Self { request: *request, parameters: Arc::new(parameters) }))
    }

    /// What the request says of itself.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What has to be signed, for a signature method that is not in this process.
    pub fn base_string(&self) -> BaseString {
        BaseString::of(&self.request, &self.parameters)
    }

    /// Checks method, connection, timestamp, signature and body. The nonce is recorded by the caller, after this and before anything
    /// is done: whoever cannot sign cannot use up nonces.
    ///
    /// # Errors
    /// `signature_method_rejected`, `parameter_absent`, `parameter_rejected`, `timestamp_refused`; and `signature_invalid`, the one
    /// answer to an unknown consumer, an unknown token, and a wrong signature.
    pub fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<VerifiedRequest, Oauth1Error> {
        // What is refused up to here is refused to everybody, so it tells nothing about who is known.
        let method = self.offered(expected)?;
        let nonce = self.fresh(method, &expected.window, now)?;
        if self.parameters.body_hash().is_some() && self.request.form_body.is_some() {
            return Err(Oauth1Error::rejected("oauth_body_hash", "a form is signed itself and has no oauth_body_hash"));
        }
        self.signed(method, expected.key)?;
        // What follows is told to those alone who hold the key.
        if !expected.allowed.iter().any(|allowed| allowed == method.name()) {
            return Err(method_rejected("this consumer may not use this signature method"));
        }
        // Of a body that nobody handed over the hash does not fit either.
        let body = self.request.body_other.unwrap_or_default();
        if self.parameters.body_hash().is_some_and(|sent| !body_hash::fits(sent, body)) {
            return Err(Oauth1Error::unverified().with_cause("the body is another one than was signed"));
        }
        let covers_body = method.needs_nonce() && (self.request.form_body.is_some() || self.parameters.body_hash().is_some());
        Ok(VerifiedRequest { parameters: Arc::clone(&self.parameters), nonce, covers_body })
    }

    fn offered<'a>(&self, expected: &Expected<'a>) -> Result<&'a dyn SignatureMethod, Oauth1Error> {
        let named = expected.method.filter(|method| method.name() == self.parameters.signature_method());
        let method = named.ok_or_else(|| {
            let name: String = masked(self.parameters.signature_method()).chars().take(64).collect();
            method_rejected("this signature method is not offered").with_cause(name)
        })?;
        if method.needs_tls() && !self.request.scheme.eq_ignore_ascii_case("https") {
            return Err(method_rejected("this signature method is for https only"));
        }
        Ok(method)
    }

    /// RFC 5849 §3.1: both may be absent with PLAINTEXT alone; whichever came is checked.
    fn fresh(&self, method: &dyn SignatureMethod, window: &Window, now: Timestamp) -> Result<Option<NonceKey>, Oauth1Error> {
        let (timestamp, nonce) = (self.parameters.timestamp(), self.parameters.nonce());
        if method.needs_nonce() && timestamp.is_none() {
            return Err(Oauth1Error::absent("oauth_timestamp"));
        }
        if method.needs_nonce() && nonce.is_none() {
            return Err(Oauth1Error::absent("oauth_nonce"));
        }
        let Some(timestamp) = timestamp else { return Ok(None) };
        window.check(timestamp, now)?;
        let (consumer, token) = (self.parameters.consumer_key(), self.parameters.token());
        Ok(nonce.map(|nonce| NonceKey::new(consumer, token, timestamp, nonce, window)))
    }

    fn signed(&self, method: &dyn SignatureMethod, key: Result<SigningKey<'_>, Unknown>) -> Result<(), Oauth1Error> {
        // A stranger costs the whole of what a known one costs, and is refused whatever comes of it. Both go one way through this code:
        // a branch of its own for either would be seen in the time.
        let nobody = SigningKey::dummy(self.parameters.token().is_some());
        let fits = method.verify(&self.base_string(), key.as_ref().unwrap_or(&nobody), self.parameters.signature().expose());
        if fits && key.is_ok() {
            return Ok(());
        }
        Err(Oauth1Error::unverified().with_kh(match key {
            Ok(_) => kh::OAUTH1_SIGNATURE,
            Err(Unknown::Consumer) => kh::OAUTH1_CONSUMER,
            Err(Unknown::Token) => kh::OAUTH1_TOKEN,
        }))
    }
}

fn method_rejected(description: &'static str) -> Oauth1Error {
    Oauth1Error::new(Problem::SignatureMethodRejected, description).with_kh(kh::OAUTH1_METHOD)
}

/// A request that its consumer signed. Only [`Unverified::check`] makes one.
///
/// ```compile_fail
/// fn believe(parameters: keyhook_core::oauth1::Parameters) -> keyhook_core::oauth1::VerifiedRequest {
///     keyhook_core::oauth1::VerifiedRequest { parameters: parameters.into(), nonce: None, covers_body: true }
/// }
/// ```
/// ```
/// fn consumer(verified: &keyhook_core::oauth1::VerifiedRequest) -> &str {
///     verified.consumer_key()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "record its nonce, then act"]
pub struct VerifiedRequest {
    parameters: Arc<Parameters>,
    nonce: Option<NonceKey>,
    covers_body: bool,
}

impl VerifiedRequest {
    /// The consumer that signed.
    pub fn consumer_key(&self) -> &str {
        self.parameters.consumer_key()
    }

    /// The token with whose secret it signed, if it acts for a user.
    pub fn token(&self) -> Option<&str> {
        self.parameters.token()
    }

    /// `oauth_callback`.
    pub fn callback(&self) -> Option<&str> {
        self.parameters.callback()
    }

    /// `oauth_verifier`.
    pub fn verifier(&self) -> Option<&Secret<String>> {
        self.parameters.verifier()
    }

    /// The nonce to record before anything else is done: if it was there before, the request is a replay
    /// ([`Oauth1Error::nonce_used`]). `None` with PLAINTEXT alone, whose protection is TLS (RFC 5849 §3.4.4).
    pub const fn nonce(&self) -> Option<&NonceKey> {
        self.nonce.as_ref()
    }

    /// Whether a body is under the signature: as a form (RFC 5849 §3.4.1.3.1), or by its hash. PLAINTEXT covers nothing.
    pub const fn covers_body(&self) -> bool {
        self.covers_body
    }

    /// Everything else that the request said.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
