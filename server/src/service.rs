//! The server as a service in somebody else's hyper, tower or axum.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Body;
use keyhook_edge::Peer;

use crate::failure::Failure;
use crate::live::Inner;

/// Answers requests. Clones share one server. It is a `hyper::service::Service` and a `tower_service::Service`, over any body.
///
/// Put the peer's [`SocketAddr`] into the request's extensions; without it, everybody comes from 0.0.0.0 and limits by address
/// apply to all together. Put a [`Peer`] there if you end TLS yourself.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

impl Service {
    pub(crate) fn new(inner: Arc<Inner>) -> Service {
        Service { inner }
    }

    /// Reads configuration and plugins again; see [`crate::Running::reload`].
    ///
    /// # Errors
    /// What is wrong; then everything runs on as it was.
    pub async fn reload(&self) -> Result<Vec<String>, Failure> {
        self.inner.reload().await
    }

    /// Writes out logs and stores. Requests that come later are answered with errors.
    pub async fn close(&self) {
        self.inner.foundation.close().await;
    }

    fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let application = Arc::clone(&self.inner.application);
        let extensions = request.extensions();
        let address = extensions.get::<SocketAddr>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
        let peer = extensions.get::<Peer>().copied().unwrap_or(Peer { address, tls: false });
        Box::pin(async move { Ok(application.respond(request, peer).await) })
    }
}

impl<B> hyper::service::Service<Request<B>> for Service
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

impl<B> tower_service::Service<Request<B>> for Service
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
