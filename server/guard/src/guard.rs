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
use crate::setup::SetupError;
use crate::signatures::{SignatureVerifier, Signatures, has_form};
use crate::verifier::Verifier;

/// Guards an API. Clones share one verifier and what it keeps. It never touches a body.
#[derive(Clone)]
pub struct Guard {
    verifier: Arc<dyn Verifier>,
    clock: Arc<dyn Clock>,
    challenge: Arc<Challenge>,
    signatures: Option<Arc<Signatures>>,
}

impl Guard {
    /// A guard that finds out about tokens in this way.
    pub fn new(verifier: impl Verifier + 'static) -> Guard {
        Guard { verifier: Arc::new(verifier), clock: Arc::new(SystemClock), challenge: Arc::default(), signatures: None }
    }

    /// Takes signed requests too (RFC 5849). `origin` is the scheme and host under which clients reach this API, such as
    /// `https://api.example`: it is part of what they sign, and what a `Host` header says is not believed.
    ///
    /// # Errors
    /// `KH0705` for an address that is none.
    pub fn signed_requests(mut self, origin: &str, verifier: impl SignatureVerifier + 'static) -> Result<Guard, SetupError> {
        self.signatures = Some(Arc::new(Signatures::new(origin, verifier)?));
        Arc::make_mut(&mut self.challenge).oauth1 = true;
        Ok(self)
    }

    /// Whether the body of a request has to be read before it can be told who sends it: it is a form, and may be signed.
    #[cfg(feature = "tower")]
    pub(crate) fn wants_form(&self, headers: &HeaderMap) -> bool {
        self.signatures.is_some() && has_form(headers)
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
        self.identify_with(parts, None).await
    }

    async fn identify_with(&self, parts: &Parts, form: Option<&[u8]>) -> Result<Option<Principal>, Refused> {
        if let Some(signatures) = &self.signatures
            && let Some(principal) = Self::told(signatures.identify(parts, form, self.clock.now()).await)?
        {
            return Ok(Some(principal));
        }
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
        Self::told(self.verifier.verify(token, self.clock.now()).await)
    }

    /// Logs why a request is refused.
    fn told<T>(outcome: Result<T, Refused>) -> Result<T, Refused> {
        match &outcome {
            Err(Refused::Unavailable(unavailable)) => {
                tracing::warn!(event = "guard", code = unavailable.code, cause = unavailable.cause, "a token cannot be checked");
            }
            Err(Refused::Problem(problem)) => tracing::debug!(event = "guard", why = problem.wire(), "a signed request was refused"),
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
        self.admit_with(parts, None, rule).await
    }

    /// The same for a request whose body is a form, and was read: a form is part of what is signed (RFC 5849 §3.4.1.3.1).
    ///
    /// # Errors
    /// As [`Guard::admit`].
    pub async fn admit_form(&self, parts: &Parts, form: &[u8], rule: &Predicate) -> Result<Option<Principal>, Refused> {
        self.admit_with(parts, Some(form), rule).await
    }

    async fn admit_with(&self, parts: &Parts, form: Option<&[u8]>, rule: &Predicate) -> Result<Option<Principal>, Refused> {
        let principal = self.identify_with(parts, form).await?;
        rule.check(principal.as_ref())?;
        Ok(principal)
    }

    /// Lets a whole request in, with its principal among its extensions, or gives the answer to it. The body is not looked at.
    ///
    /// # Errors
    /// The answer.
    pub async fn let_in<B, R: From<Bytes>>(&self, request: Request<B>, rule: &Predicate) -> Result<Request<B>, Response<R>> {
        self.let_in_with(request, None, rule).await
    }

    /// The same for a request whose body is a form, and was read.
    pub(crate) async fn let_in_with<B, R: From<Bytes>>(
        &self,
        request: Request<B>,
        form: Option<&[u8]>,
        rule: &Predicate,
    ) -> Result<Request<B>, Response<R>> {
        let (mut parts, body) = request.into_parts();
        match self.admit_with(&parts, form, rule).await {
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
