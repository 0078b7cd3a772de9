//! The one exit of every refusal: what the client is told, and the one log line for the operator.

use http::{HeaderName, HeaderValue, StatusCode, header};
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::authorize::{Refusal, error_parameters};
use keyhook_core::error::OAuthError;

use crate::intake::Malformed;
use crate::request_id;

/// Turns a refusal into its response: a redirect to the proven URI (RFC 6749 §4.1.2.1 with `iss`, RFC 9207), a page, or JSON
/// (RFC 6749 §5.2). Logs it.
pub fn response(refusal: &Refusal, request: &Request, context: &Context, is_page: bool, endpoint: &str) -> Response {
    let error = refusal.error();
    log(error, request, endpoint);
    let response = match refusal {
        Refusal::Redirect { to, state, error } => {
            Response::redirect(to, &error_parameters(to, state.as_deref(), context.settings.issuer.as_str(), error))
        }
        Refusal::Page(error) if is_page => context.pages.error(request, &context.settings, error).with_retry(error),
        Refusal::Page(error) if context.settings.dev => {
            Response { body: error.json_explained(&request.id).into(), ..json(error, &context.settings.realm) }
        }
        Refusal::Page(error) => json(error, &context.settings.realm),
    };
    with_id(response, &request.id)
}

/// The JSON form of an error, with its status, challenge and `Retry-After`.
pub fn json(error: &OAuthError, realm: &str) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::json(status, error.json());
    if let Some(challenge) = error.www_authenticate(realm).and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
        response.headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response.with_retry(error)
}

/// The response to a request that never became one.
pub(crate) fn malformed(malformed: Malformed) -> Response {
    tracing::info!(event = "refused", code = "KH0130", status = malformed.status.as_u16(), cause = malformed.reason, "malformed request");
    edge(malformed.status, "invalid_request", malformed.reason)
}

/// A refusal of the edge's own, as JSON: whoever gets it is a program or has lost its way.
pub(crate) fn edge(status: StatusCode, error: &'static str, description: &'static str) -> Response {
    Response::json(status, serde_json::json!({ "error": error, "error_description": description }).to_string())
}

/// Adds the request's id, so that a user can tell it to an operator.
pub(crate) fn with_id(response: Response, id: &str) -> Response {
    match HeaderValue::from_str(id) {
        Ok(id) => response.with(HeaderName::from_static(request_id::HEADER), id),
        Err(_) => response,
    }
}

/// The request's id for a log line, unless the span around it says it.
pub(crate) fn unsaid(id: &str) -> Option<&str> {
    let is_said = tracing::Span::current().metadata().is_some_and(|span| span.target() == "keyhook::request");
    (!is_said).then_some(id)
}

/// One line per refusal. The cause may quote what was sent, so control characters are escaped before they reach a terminal.
fn log(error: &OAuthError, request: &Request, endpoint: &str) {
    let cause = error.cause.as_deref().unwrap_or(error.description).escape_debug().to_string();
    let (code, id, kind) = (error.kh, unsaid(&request.id), error.code.wire());
    if error.status() == 500 {
        tracing::error!(event = "refused", code, request_id = id, endpoint, error = kind, cause, "request failed");
    } else if error.status() == 503 {
        tracing::warn!(event = "refused", code, request_id = id, endpoint, error = kind, cause, "request put off");
    } else {
        tracing::info!(event = "refused", code, request_id = id, endpoint, error = kind, cause, "request refused");
    }
}
