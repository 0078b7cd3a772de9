//! Asks an authorization server that runs in the same process, without a socket.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use keyhook_core::Timestamp;
use keyhook_core::oauth1::{self, Problem, SignedBy, SignedRequests, Unproven};
use tower_service::Service;

use crate::fetch::{BoxFuture, Fetch, FetchError, LONGEST_ANSWER};
use crate::principal::{Identity, Principal, Protocol, Proved};
use crate::refused::{Refused, Unavailable};
use crate::signatures::{SignatureVerifier, SignedRequest};

/// A service that answers the guard's questions, such as `keyhook::Server::into_service()`.
#[derive(Clone, Debug)]
pub struct InProcess<S>(S);

impl<S> InProcess<S> {
    /// Asks this service. It gets whole addresses, as a server behind a socket does.
    pub const fn new(service: S) -> InProcess<S> {
        InProcess(service)
    }
}

impl<S, R> Fetch for InProcess<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: std::fmt::Display,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            let failed = |error: &dyn std::fmt::Display| FetchError(error.to_string());
            let (mut parts, body) = request.into_parts();
            if let Some(authority) = parts.uri.authority().and_then(|authority| authority.as_str().parse().ok()) {
                parts.headers.insert(http::header::HOST, authority);
            }
            std::future::poll_fn(|context| service.poll_ready(context)).await.map_err(|error| failed(&error))?;
            let answer = service.call(Request::from_parts(parts, Full::new(body))).await.map_err(|error| failed(&error))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(|error| FetchError(error.to_string()))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

/// Without a question and an answer to write and to read: what is asked about a signature is the request itself (RFC 5849 §3.2).
impl<S: SignedRequests> SignatureVerifier for InProcess<S> {
    fn verify<'a>(&'a self, request: SignedRequest<'a>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        Box::pin(async move {
            let at = oauth1::SignedRequest::at(request.uri).ok_or(Refused::Malformed("the address of the request is not absolute"))?;
            let (method, authorization, form_body) = (request.method, request.authorization, request.form);
            let proven = self.0.signed_by(oauth1::SignedRequest { method, authorization, form_body, ..at }).await;
            principal(proven.map_err(refused)?, now)
        })
    }
}

fn principal(signed_by: SignedBy, now: Timestamp) -> Result<Principal, Refused> {
    let SignedBy { client, subject, scope, issuer, token_lives, attributes } = signed_by;
    let expires_at = token_lives.map(|(_, end)| end);
    if expires_at.is_some_and(|end| end.has_passed(now)) {
        return Err(Refused::Problem(Problem::TokenExpired));
    }
    let identity = match subject {
        Some(user) => Identity::ClientForUser { client, user },
        None => Identity::Client { client },
    };
    let (protocol, audience, issuer) = (Protocol::OAuth1, Vec::new(), Some(issuer));
    Ok(Principal::new(Proved { identity, protocol, scope, audience, issuer, expires_at, attributes }))
}

fn refused(why: Unproven) -> Refused {
    match why {
        Unproven::Problem(problem) => Refused::Problem(problem.unwrap_or(Problem::SignatureInvalid)),
        Unproven::Unavailable(cause) => Refused::Unavailable(Unavailable { code: "KH0701", cause }),
    }
}
