//! The guard as a layer of tower.

use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::fetch::BoxFuture;
use crate::guard::Guard;
use crate::guarded::Guarded;
use crate::predicate::Predicate;

/// Puts a guard with one rule before services.
#[derive(Clone)]
pub struct GuardLayer {
    guard: Guard,
    rule: Predicate,
}

impl Guard {
    /// A layer that lets in what meets a rule.
    pub fn layer(&self, rule: Predicate) -> GuardLayer {
        GuardLayer { guard: self.clone(), rule }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        self.guard.around(self.rule.clone(), inner)
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes> + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let next = self.clone();
        // The one that said it is ready; a clone might not be.
        let Guarded { mut inner, guard, rule } = mem::replace(self, next);
        Box::pin(async move {
            match guard.let_in(request, &rule).await {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(response),
            }
        })
    }
}
