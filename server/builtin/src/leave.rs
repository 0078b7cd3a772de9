//! Sends the browser to the client: 303, or a page where an app's own scheme would not be followed (RFC 9700 §4.12, RFC 8252 §7.1).

use http::StatusCode;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::redirect::ValidatedRedirectUri;

use crate::pages;

/// To the client, with parameters. Browsers do not always follow a redirect to an app after a form: a navigation gets a page with a link.
pub(crate) fn to_client(request: &Request, context: &Context, to: &ValidatedRedirectUri, parameters: &[(&str, &str)]) -> Response {
    let navigates = request.header("sec-fetch-dest") == Some("document");
    if !(to.is_custom_scheme() && navigates) {
        return Response::redirect(to, parameters);
    }
    let target = to.with_params(parameters);
    pages::page(StatusCode::OK, &pages::Leave { base: pages::base(&context.settings), target: &target })
}
