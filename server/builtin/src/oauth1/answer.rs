//! Answers of the two endpoints that give out credentials: form-encoded, kept by no cache (RFC 5849 §2.1, §2.3).

use http::{HeaderValue, StatusCode, header};
use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::oauth1::credentials::CONTENT_TYPE;

use super::refused::Refused;

/// What cycloauth said of the same body.
const CYCLOAUTH: &str = "text/plain";

/// Credentials. With `compat = ["cycloauth"]` they are called plain text, as its clients may expect.
pub(super) fn given(body: impl Into<bytes::Bytes>, context: &Context) -> Response {
    let response = form(StatusCode::OK, body);
    if context.settings.imitates("cycloauth") {
        return response.with(header::CONTENT_TYPE, HeaderValue::from_static(CYCLOAUTH));
    }
    response
}

/// A form-encoded body.
pub(super) fn form(status: StatusCode, body: impl Into<bytes::Bytes>) -> Response {
    let response = Response { body: body.into(), ..Response::empty(status) };
    response.with(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)).no_store()
}

/// Closes the one audit event of a request, and hands its answer on.
pub(super) fn audited(mut event: Event, answer: Result<Response, Refused>, request: &Request, context: &Context) -> Response {
    let response = answer.unwrap_or_else(|refused| {
        refused.note(&mut event);
        refused.response(request, context)
    });
    context.audit.record(event);
    response
}
