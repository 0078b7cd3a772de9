//! The service where a framework takes the issuer's path off before it passes a request on, as axum's `nest_service` does.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Body;

use super::{Answer, Service};

/// Answers requests whose path lacks the issuer's; made by [`Service::nested`].
#[derive(Clone)]
pub struct Nested(Service);

impl Service {
    /// The same server for a router that takes [`Service::prefix`] off: `Router::nest_service(service.prefix(), service.nested())`.
    /// Clients look for the metadata at [`Service::metadata_path`] as well, which is no path below the prefix.
    pub fn nested(&self) -> Nested {
        Nested(self.clone())
    }
}

impl Nested {
    fn answer<B>(&self, mut request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        if let Some(whole) = self.whole(request.uri()) {
            *request.uri_mut() = whole;
        }
        self.0.answer(request)
    }

    /// The address with the prefix put back; `None` for one that stays: a plugin's URL, which has no prefix, or none at all.
    fn whole(&self, uri: &Uri) -> Option<Uri> {
        let (prefix, path) = (self.0.prefix(), uri.path());
        let whole = format!("{prefix}{}", if path == "/" { "" } else { path });
        if prefix.is_empty() || !path.starts_with('/') || (!self.0.knows(&whole) && self.0.knows(path)) {
            return None;
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(whole + &query).ok()?);
        Uri::from_parts(parts).ok()
    }
}

impl<B> hyper::service::Service<Request<B>> for Nested
where
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<B>) -> Answer {
        self.answer(request)
    }
}

impl<B> tower_service::Service<Request<B>> for Nested
where
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        self.answer(request)
    }
}
