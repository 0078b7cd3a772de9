//! The guard as a layer of tower that reads forms, because they are part of what is signed (RFC 5849 §3.4.1.3.1), and hands them on.

use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tower_layer::Layer;
use tower_service::Service;

use crate::fetch::BoxFuture;
use crate::guard::Guard;
use crate::predicate::Predicate;
use crate::refused::Refused;

/// The longest form that is read, bytes. A signed one is handed to the server, percent-encoded once more: what `[server.limits] body`
/// of the server does not hold (64 KiB unless said) is refused as one that cannot be checked.
pub const LONGEST_FORM: usize = 1024 * 1024;

/// Puts a guard with one rule before services, and hands it forms.
#[derive(Clone)]
pub struct FormGuardLayer {
    guard: Guard,
    rule: Predicate,
}

/// A service behind a guard that is handed forms.
#[derive(Clone)]
pub struct FormGuarded<S> {
    inner: S,
    guard: Guard,
    rule: Predicate,
}

impl Guard {
    /// A layer that lets in what meets a rule, for an API that takes signed requests. Forms of at most [`LONGEST_FORM`] are read
    /// first, and passed on byte for byte; other bodies are left unread.
    pub fn form_layer(&self, rule: Predicate) -> FormGuardLayer {
        FormGuardLayer { guard: self.clone(), rule }
    }
}

impl<S> Layer<S> for FormGuardLayer {
    type Service = FormGuarded<S>;

    fn layer(&self, inner: S) -> FormGuarded<S> {
        FormGuarded { inner, guard: self.guard.clone(), rule: self.rule.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for FormGuarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
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
        let FormGuarded { mut inner, guard, rule } = mem::replace(self, next);
        Box::pin(async move {
            let admitted = if guard.wants_form(request.headers()) {
                let (parts, body) = request.into_parts();
                match Limited::new(body, LONGEST_FORM).collect().await {
                    Ok(read) => {
                        let form = read.to_bytes();
                        guard.let_in_with(Request::from_parts(parts, B::from(form.clone())), Some(&form), &rule).await
                    }
                    Err(_) => Err(guard.refuse(&Refused::Malformed("the form is too long, or did not arrive"))),
                }
            } else {
                guard.let_in(request, &rule).await
            };
            match admitted {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(response),
            }
        })
    }
}
