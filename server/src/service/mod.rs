//! The server as a service in somebody else's hyper, tower or axum.

mod layer;
mod nested;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::Full;
use hyper::body::Body;
use keyhook_builtin::oauth1::{Waiting, prove};
use keyhook_core::error::OAuthError;
use keyhook_core::oauth1::signed_by::Proving;
use keyhook_core::oauth1::{SignedBy, SignedRequest, SignedRequests, Unproven};
use keyhook_edge::{Health as _, Peer};
use tokio::task::AbortHandle;

pub use layer::{Mount, MountLayer};
pub use nested::Nested;

use crate::failure::Failure;
use crate::health::StoreHealth;
use crate::live::Inner;
use crate::purge;

/// Answers requests, listens nowhere. Clones share one server; with the last of them its work in the background ends, unless the
/// server listens too ([`crate::Running::service`]): that one ends with [`crate::Running::stop`], and answers with errors from then on.
///
/// It is a `hyper::service::Service` and a `tower_service::Service`, over any body, and expects whole paths: where a framework takes
/// a prefix off, use [`Service::nested`]; to share a router's paths, [`Service::layer`].
///
/// **The client's address** is an extension of the request: the peer's [`SocketAddr`], or a [`Peer`] where the program ends TLS
/// itself. Without either everybody comes from 0.0.0.0: what is limited by address is limited for all together, no proxy is
/// trusted, and the log says so once (KH0180).
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

/// What the clones share.
struct Shared {
    inner: Arc<Inner>,
    /// None where a server that listens does the work in the background, and ends it.
    background: Option<AbortHandle>,
    /// Whether it was said that a request came without an address.
    said: AtomicBool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.background.iter().for_each(AbortHandle::abort);
    }
}

/// The answer on its way.
pub(crate) type Answer<R = Full<Bytes>> = Pin<Box<dyn Future<Output = Result<Response<R>, Infallible>> + Send>>;

impl Service {
    /// Starts the work in the background; needs a tokio runtime.
    pub(crate) fn new(inner: Arc<Inner>) -> Service {
        let purged = Arc::clone(&inner);
        let background = tokio::spawn(purge::run(move || purged.context())).abort_handle();
        tracing::info!(event = "started", issuer = inner.issuer.as_str(), "mounted");
        Service { shared: Arc::new(Shared { inner, background: Some(background), said: AtomicBool::new(false) }) }
    }

    /// Of a server that listens.
    pub(crate) fn beside(inner: Arc<Inner>) -> Service {
        Service { shared: Arc::new(Shared { inner, background: None, said: AtomicBool::new(false) }) }
    }

    /// Reads configuration and plugins again; see [`crate::Running::reload`].
    ///
    /// # Errors
    /// What is wrong; then everything runs on as it was.
    pub async fn reload(&self) -> Result<Vec<String>, Failure> {
        self.shared.inner.reload().await
    }

    /// Ends the work in the background, and writes out logs and stores. Requests that come later are answered with errors, so
    /// first let the program's own server finish. That of a server that listens ends with [`crate::Running::stop`], and not by this.
    pub async fn close(&self) {
        let Some(background) = &self.shared.background else { return };
        background.abort();
        self.shared.inner.foundation.close().await;
        tracing::info!(event = "stopped", "closed");
    }

    /// Whether every store can answer now: what `/health/ready` of the management listener tells.
    pub async fn is_ready(&self) -> bool {
        let health = StoreHealth(self.shared.inner.foundation.records.clone());
        health.report().await.checks.iter().all(|(_, result)| result.is_ok())
    }

    /// The figures as a page for Prometheus, as `/metrics` of the management listener shows them.
    pub fn metrics(&self) -> String {
        self.shared.inner.foundation.metrics.page()
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        self.shared.inner.issuer.as_str()
    }

    /// The issuer's path, below which the endpoints are; empty for an issuer without one.
    pub fn prefix(&self) -> &str {
        self.shared.inner.issuer.path()
    }

    /// Temporary credentials of OAuth 1.0a that wait for a user (RFC 5849 §2.2), for a program that signs its users in and asks them
    /// itself; `None` if there are none of this name, or OAuth 1.0a is off.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn oauth1_waiting(&self, oauth_token: &str) -> Result<Option<Waiting>, OAuthError> {
        Waiting::find(oauth_token, &self.shared.inner.context()).await
    }

    /// Who signed a request to an API of this program, in the manner of OAuth 1.0a (RFC 5849 §3.2). `keyhook-guard` asks it:
    /// `Guard::signed_requests("https://api.example", InProcess::new(service))`.
    ///
    /// # Errors
    /// The problem, or that it cannot be known now.
    pub async fn oauth1_signed_by(&self, request: &SignedRequest<'_>) -> Result<SignedBy, Unproven> {
        prove(request, &self.shared.inner.context()).await
    }

    /// Whether the server answers at a path: something is there, or it lies below [`Service::prefix`], where nobody else is.
    pub fn answers(&self, path: &str) -> bool {
        let prefix = self.prefix();
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.knows(path) || (!prefix.is_empty() && path.strip_prefix(prefix).is_some_and(below))
    }

    /// The metadata document's path before the prefix (RFC 8414 §3.1), for routers that send only the prefix here.
    pub fn metadata_path(&self) -> String {
        self.shared.inner.issuer.well_known_path("oauth-authorization-server")
    }

    fn knows(&self, path: &str) -> bool {
        self.shared.inner.application.live().routes.knows(path)
    }

    fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let application = Arc::clone(&self.shared.inner.application);
        let peer = self.peer(request.extensions());
        Box::pin(async move { Ok(application.respond(request, peer).await) })
    }

    /// Who is at the other end, as the program around says it.
    fn peer(&self, extensions: &Extensions) -> Peer {
        if let Some(peer) = extensions.get::<Peer>() {
            return *peer;
        }
        if let Some(address) = extensions.get::<SocketAddr>() {
            return Peer { address: address.ip(), tls: false };
        }
        if !self.shared.said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                event = "unknown_peer",
                code = "KH0180",
                "requests come without the address of their client; put its SocketAddr into their extensions"
            );
        }
        Peer { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), tls: false }
    }
}

impl SignedRequests for Service {
    fn signed_by<'a>(&'a self, request: SignedRequest<'a>) -> Proving<'a> {
        Box::pin(async move { self.oauth1_signed_by(&request).await })
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

#[cfg(test)]
mod tests;
