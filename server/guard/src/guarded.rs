//! A service behind a guard; as a service of hyper around a service of hyper.

use crate::guard::Guard;
use crate::predicate::Predicate;

/// A service behind a guard. It answers refused requests itself; into the others' extensions it puts the
/// [`Principal`](crate::Principal), except where the rule lets in somebody who proved nothing. The body is passed on unread.
#[derive(Clone)]
pub struct Guarded<S> {
    pub(crate) inner: S,
    pub(crate) guard: Guard,
    pub(crate) rule: Predicate,
}

impl Guard {
    /// A guard with one rule around one service.
    pub fn around<S>(&self, rule: Predicate, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone(), rule }
    }
}

#[cfg(feature = "hyper")]
mod bare {
    use bytes::Bytes;
    use http::{Request, Response};
    use hyper::service::Service;

    use super::Guarded;
    use crate::fetch::BoxFuture;

    impl<S, B, R> Service<Request<B>> for Guarded<S>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Send + 'static,
        R: From<Bytes> + Send + 'static,
    {
        type Response = Response<R>;
        type Error = S::Error;
        type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

        fn call(&self, request: Request<B>) -> Self::Future {
            let Guarded { inner, guard, rule } = self.clone();
            Box::pin(async move {
                match guard.let_in(request, &rule).await {
                    Ok(request) => inner.call(request).await,
                    Err(response) => Ok(response),
                }
            })
        }
    }
}
