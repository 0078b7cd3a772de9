//! Requests that are signed in the manner of OAuth 1.0a (RFC 5849): the authorization server, which has the secrets and the nonces,
//! says whether a signature is good, and whose it is.

mod answer;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Uri};
use keyhook_core::Timestamp;
use keyhook_core::authorization_header::is_scheme;

use crate::fetch::BoxFuture;
use crate::introspection::Introspection;
use crate::principal::Principal;
use crate::refused::Refused;
use crate::setup::{SetupError, endpoint};

/// A request as its client signed it.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The address under which the client reached the API, with its query as it was sent.
    pub uri: &'a str,
    /// The `Authorization` header, if there is one.
    pub authorization: Option<&'a str>,
    /// The body, if it is a form.
    pub form: Option<&'a [u8]>,
}

/// Finds out who signed a request.
pub trait SignatureVerifier: Send + Sync {
    /// The principal of a request whose signature is good at the moment `now`, and which was never seen before.
    ///
    /// # Errors
    /// [`Refused::Problem`] for a signature that is not good, [`Refused::Unavailable`] where that cannot be known.
    fn verify<'a>(&'a self, request: SignedRequest<'a>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>>;
}

impl SignatureVerifier for Box<dyn SignatureVerifier> {
    fn verify<'a>(&'a self, request: SignedRequest<'a>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        (**self).verify(request, now)
    }
}

impl SignatureVerifier for Introspection {
    fn verify<'a>(&'a self, request: SignedRequest<'a>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        Box::pin(async move {
            let question = question(&request)?;
            // A request is good once: there is no answer that could be kept.
            let body = self.ask_once(question).await?;
            answer::read(&body, self.issuer(), now)?
        })
    }
}

/// What the server is asked.
fn question(request: &SignedRequest<'_>) -> Result<Bytes, Refused> {
    let form = request.form.map(std::str::from_utf8).transpose().map_err(|_| Refused::Malformed("the form is not UTF-8"))?;
    let mut question = form_urlencoded::Serializer::new(String::new());
    question.append_pair("method", request.method).append_pair("uri", request.uri);
    question.extend_pairs(request.authorization.map(|value| ("authorization", value)));
    question.extend_pairs(form.map(|form| ("form", form)));
    Ok(Bytes::from(question.finish()))
}

/// Where an API is, and who verifies what is signed for it.
pub(crate) struct Signatures {
    /// Scheme and authority, as clients sign them.
    origin: String,
    verifier: Box<dyn SignatureVerifier>,
}

impl Signatures {
    pub(crate) fn new(origin: &str, verifier: impl SignatureVerifier + 'static) -> Result<Signatures, SetupError> {
        let uri = endpoint("the address of the API", origin)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(SetupError::value("signed requests", "the address of the API is a scheme and a host, such as https://api.example"));
        }
        Ok(Signatures { origin: origin.trim_end_matches('/').to_owned(), verifier: Box::new(verifier) })
    }

    /// Who signed; `None` for a request that is not signed. `form` is the body, where the caller has read it.
    ///
    /// # Errors
    /// As [`SignatureVerifier::verify`]; [`Refused::Malformed`] for two `Authorization` headers, and for a signed form whose body
    /// the guard was not given.
    pub(crate) async fn identify(&self, parts: &Parts, form: Option<&[u8]>, now: Timestamp) -> Result<Option<Principal>, Refused> {
        let form = if has_form(&parts.headers) { form } else { None };
        if !is_signed(parts, form) {
            return Ok(None);
        }
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let authorization = headers.next().and_then(|value| value.to_str().ok());
        if headers.next().is_some() {
            return Err(Refused::Malformed("there is more than one Authorization header"));
        }
        if form.is_none() && has_form(&parts.headers) {
            return Err(Refused::Malformed("a form is part of what is signed, and this API does not hand it to its guard"));
        }
        let uri = self.address(&parts.uri);
        let signed = SignedRequest { method: parts.method.as_str(), uri: &uri, authorization, form };
        self.verifier.verify(signed, now).await.map(Some)
    }

    fn address(&self, uri: &Uri) -> String {
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        format!("{}{target}", self.origin)
    }
}

/// Whether a request says that it is signed, wherever it says so (RFC 5849 §3.5).
fn is_signed(parts: &Parts, form: Option<&[u8]>) -> bool {
    let in_header = parts.headers.get_all(AUTHORIZATION).iter().any(|value| is_scheme(value.as_bytes(), "OAuth"));
    in_header || names_signature(parts.uri.query().unwrap_or_default().as_bytes()) || form.is_some_and(names_signature)
}

fn names_signature(pairs: &[u8]) -> bool {
    form_urlencoded::parse(pairs).any(|(name, _)| matches!(&*name, "oauth_consumer_key" | "oauth_signature" | "oauth_signature_method"))
}

/// Whether a request has a body that is a form, which is part of what is signed (RFC 5849 §3.4.1.3.1).
pub(crate) fn has_form(headers: &HeaderMap) -> bool {
    let is_form = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    is_form && (headers.contains_key(TRANSFER_ENCODING) || length.is_none_or(|length| length != "0"))
}
