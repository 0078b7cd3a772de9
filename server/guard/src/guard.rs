//! The guard: from the head of a request to the principal behind it, or to the refusal (RFC 6750).

use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use keyhook_core::Secret;

use crate::bearer;
use crate::challenge::Challenge;
use crate::clock::{Clock, SystemClock};
use crate::predicate::Predicate;
use crate::principal::Principal;
use crate::refused::Refused;
use crate::verifier::Verifier;

/// Guards an API. Clones share one verifier and what it keeps. It never touches a body.
#[derive(Clone)]
pub struct Guard {
    verifier: Arc<dyn Verifier>,
    clock: Arc<dyn Clock>,
    challenge: Arc<Challenge>,
}

impl Guard {
    /// A guard that finds out about tokens in this way.
    pub fn new(verifier: impl Verifier + 'static) -> Guard {
        Guard { verifier: Arc::new(verifier), clock: Arc::new(SystemClock), challenge: Arc::default() }
    }

    /// The protection space that challenges name (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Guard {
        Arc::make_mut(&mut self.challenge).realm = Some(realm.into());
        self
    }

    /// The URL of the protected resource's metadata, which challenges name (RFC 9728 §5.1).
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Guard {
        Arc::make_mut(&mut self.challenge).resource_metadata = Some(url.into());
        self
    }

    /// The clock; the machine's unless said.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Guard {
        self.clock = Arc::new(clock);
        self
    }

    /// Who sends a request: the holder of its token, or else whom the application put into its extensions. `None` is somebody who
    /// proved nothing.
    ///
    /// # Errors
    /// When there is a token, or something like it, that is not good. Such a request is never taken for one without a token.
    pub async fn identify(&self, parts: &Parts) -> Result<Option<Principal>, Refused> {
        match bearer::from_parts(parts)? {
            Some(token) => self.verify(&token).await.map(Some),
            None => Ok(parts.extensions.get::<Principal>().cloned()),
        }
    }

    /// The same from the headers alone.
    ///
    /// # Errors
    /// As [`Guard::identify`].
    pub async fn identify_headers(&self, headers: &HeaderMap) -> Result<Option<Principal>, Refused> {
        match bearer::from_headers(headers)? {
            Some(token) => self.verify(&token).await.map(Some),
            None => Ok(None),
        }
    }

    /// Who holds a token that came in another way than with a request.
    ///
    /// # Errors
    /// When the token is not good, or that cannot be known now.
    pub async fn verify(&self, token: &Secret<String>) -> Result<Principal, Refused> {
        let outcome = self.verifier.verify(token, self.clock.now()).await;
        match &outcome {
            Err(Refused::Unavailable(unavailable)) => {
                tracing::warn!(event = "guard", code = unavailable.code, cause = unavailable.cause, "a token cannot be checked");
            }
            Err(Refused::InvalidToken(why)) => tracing::debug!(event = "guard", why, "a token was refused"),
            _ => {}
        }
        outcome
    }

    /// Lets a request in that meets a rule, and says who sends it; `None` only where the rule admits somebody who proved nothing.
    ///
    /// # Errors
    /// The refusal; [`Guard::refuse`] makes an answer of it.
    pub async fn admit(&self, parts: &Parts, rule: &Predicate) -> Result<Option<Principal>, Refused> {
        let principal = self.identify(parts).await?;
        rule.check(principal.as_ref())?;
        Ok(principal)
    }

    /// Lets a whole request in, with its principal among its extensions, or gives the answer to it. The body is not looked at.
    ///
    /// # Errors
    /// The answer.
    pub async fn let_in<B, R: From<Bytes>>(&self, request: Request<B>, rule: &Predicate) -> Result<Request<B>, Response<R>> {
        let (mut parts, body) = request.into_parts();
        match self.admit(&parts, rule).await {
            Err(refused) => return Err(self.refuse(&refused)),
            Ok(Some(principal)) => drop(parts.extensions.insert(principal)),
            Ok(None) => {}
        }
        // What logs the request from here on does not show the token.
        if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        Ok(Request::from_parts(parts, body))
    }

    /// The answer to a refused request.
    pub fn refuse<B: From<Bytes>>(&self, refused: &Refused) -> Response<B> {
        self.challenge.response(refused)
    }
}
