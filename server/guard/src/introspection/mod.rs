//! Asks the authorization server about a token (RFC 7662), and remembers the answer for a few seconds.

pub(crate) mod answer;
mod builder;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use keyhook_core::{IssuedToken, Secret, Timestamp, TokenKind};
use tokio::sync::Semaphore;

pub use builder::IntrospectionBuilder;

use crate::answers::{Answers, Outcome};
use crate::expected::Expected;
use crate::fetch::{BoxFuture, Fetch};
use crate::principal::Principal;
use crate::refused::{Refused, Unavailable};
use crate::verifier::Verifier;

/// Asks about tokens. Make one with [`Introspection::at`].
pub struct Introspection {
    endpoint: Uri,
    authorization: HeaderValue,
    expected: Expected,
    untyped: bool,
    keep: Duration,
    keep_refusals: Duration,
    deadline: Duration,
    fetch: Arc<dyn Fetch>,
    answers: Answers,
    /// How many questions may be under way.
    places: Semaphore,
}

impl Introspection {
    /// Asks at an introspection endpoint.
    pub fn at(endpoint: impl Into<String>) -> IntrospectionBuilder {
        IntrospectionBuilder::new(endpoint.into())
    }

    async fn ask(&self, token: &Secret<String>, now: Timestamp) -> (Outcome, Timestamp) {
        let asked = tokio::time::timeout(self.deadline, self.answer(token)).await;
        let answer = asked.unwrap_or_else(|_| Err(Unavailable::new("KH0701", format!("no answer within {:?}", self.deadline))));
        let read = answer.and_then(|answer| answer::read(&answer, &self.expected, self.untyped, now));
        match read {
            Ok(Ok(principal)) => {
                let until = now.plus(self.keep).min(principal.expires_at().unwrap_or(Timestamp::MAX));
                (Ok(principal), until)
            }
            Ok(Err(why)) => (Err(Refused::InvalidToken(why)), now.plus(self.keep_refusals)),
            // Told to those who wait, and asked again by the next.
            Err(unavailable) => (Err(unavailable.into()), now),
        }
    }

    /// The body of the answer.
    async fn answer(&self, token: &Secret<String>) -> Result<Bytes, Unavailable> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.expose())
            .append_pair("token_type_hint", "access_token")
            .finish();
        self.send(Bytes::from(form)).await
    }

    async fn send(&self, form: Bytes) -> Result<Bytes, Unavailable> {
        let away = |cause: String| Unavailable::new("KH0701", cause);
        let _place = self.places.acquire().await.map_err(|error| away(error.to_string()))?;
        let response = self.fetch.fetch(self.request(form)).await.map_err(|error| away(error.0))?;
        body(response)
    }

    /// The answer to a question that is never asked twice.
    pub(crate) async fn ask_once(&self, question: Bytes) -> Result<Bytes, Unavailable> {
        let asked = tokio::time::timeout(self.deadline, self.send(question)).await;
        asked.unwrap_or_else(|_| Err(Unavailable::new("KH0701", format!("no answer within {:?}", self.deadline))))
    }

    /// The issuer that answers must name.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.expected.issuer.as_deref()
    }

    fn request(&self, form: Bytes) -> Request<Bytes> {
        let mut request = Request::new(form);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        request
    }
}

impl Verifier for Introspection {
    fn verify<'a>(&'a self, token: &'a Secret<String>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        Box::pin(async move {
            match IssuedToken::sniff(token.expose()) {
                // Mistyped, cut, or a code or refresh token of keyhook: nobody needs to be asked.
                Some(kind) if kind != TokenKind::Access || IssuedToken::parse(kind, token.expose()).is_none() => {
                    Err(Refused::InvalidToken("it is no access token of keyhook, by its prefix or checksum"))
                }
                _ => self.answers.find(token, now, || self.ask(token, now)).await,
            }
        })
    }
}

/// The body of a 200; every other status is the operator's business, not the caller's.
fn body(response: Response<Bytes>) -> Result<Bytes, Unavailable> {
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let cause = format!("the introspection endpoint refused the guard itself: {}", response.status());
            Err(Unavailable::new("KH0702", cause))
        }
        status => Err(Unavailable::new("KH0701", format!("the introspection endpoint answered {status}"))),
    }
}

/// `client_secret_basic`: id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(id: &str, secret: &Secret<String>) -> Option<HeaderValue> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encoded(id), encoded(secret.expose())));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair.expose()))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
