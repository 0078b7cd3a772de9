//! Sends the browser to the client: 303, or a page where an app's own scheme would not be followed (RFC 9700 §4.12, RFC 8252 §7.1).

use http::StatusCode;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::redirect::ValidatedRedirectUri;

use crate::pages;

/// To the client, with parameters.
pub(crate) fn to_client(request: &Request, context: &Context, to: &ValidatedRedirectUri, parameters: &[(&str, &str)]) -> Response {
    if needs_page(request, to) { page(context, &to.with_params(parameters)) } else { Response::redirect(to, parameters) }
}

/// Browsers do not always follow a redirect to an app after a form: a navigation gets a page with a link.
pub(crate) fn needs_page(request: &Request, to: &ValidatedRedirectUri) -> bool {
    to.is_custom_scheme() && request.header("sec-fetch-dest") == Some("document")
}

/// The page that leads to `target`: a validated redirect URI with its parameters.
pub(crate) fn page(context: &Context, target: &str) -> Response {
    pages::page(StatusCode::OK, &pages::Leave { base: pages::base(&context.settings), target })
}
