//! The server as a layer: it answers at its own paths, and everything else goes on to the service below.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tower_layer::Layer;

use super::Service;

/// Puts the server before services; made by [`Service::layer`].
#[derive(Clone)]
pub struct MountLayer(Service);

/// A service with the server before it.
#[derive(Clone)]
pub struct Mount<S> {
    server: Service,
    inner: S,
}

impl Service {
    /// A layer that answers wherever the server [answers](Service::answers), and passes everything else on untouched.
    pub fn layer(&self) -> MountLayer {
        MountLayer(self.clone())
    }
}

impl<S> Layer<S> for MountLayer {
    type Service = Mount<S>;

    fn layer(&self, inner: S) -> Mount<S> {
        Mount { server: self.0.clone(), inner }
    }
}

/// The answer of either, on its way.
type Either<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

impl<S, B, R> tower_service::Service<Request<B>> for Mount<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body<Data = Bytes> + Send + 'static,
    R: From<Bytes> + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.server.answers(request.uri().path()) {
            // What is passed on keeps the readiness of the service below; a clone of it might not be ready.
            let next = self.inner.clone();
            return Box::pin(std::mem::replace(&mut self.inner, next).call(request));
        }
        let answer = self.server.answer(request);
        Box::pin(async move {
            let Ok(response) = answer.await;
            let (parts, body) = response.into_parts();
            // The body is there as a whole already, and cannot fail.
            let Ok(body) = body.collect().await;
            Ok(Response::from_parts(parts, R::from(body.to_bytes())))
        })
    }
}
