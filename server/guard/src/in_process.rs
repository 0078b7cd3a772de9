//! Asks an authorization server that runs in the same process, without a socket.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use tower_service::Service;

use crate::fetch::{BoxFuture, Fetch, FetchError, LONGEST_ANSWER};

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
