//! What the rest of the server needs of the pages that people see.

use keyhook_core::error::OAuthError;

use crate::request::Request;
use crate::response::Response;
use crate::settings::Settings;

/// Renders the pages that are not an endpoint's own.
pub trait Pages: Send + Sync {
    /// The error page (JSON on `Accept: application/json`): one sentence, what to do next, code, request id, right status.
    fn error(&self, request: &Request, settings: &Settings, error: &OAuthError) -> Response;

    /// Nothing answers at this path.
    fn not_found(&self, request: &Request, settings: &Settings) -> Response;

    /// The request came to another host or scheme than the issuer's: what came, what was expected, the one line to set.
    fn wrong_host(&self, request: &Request, settings: &Settings) -> Response;

    /// A plugin's markup inside the theme. `title` is text, `html` is trusted.
    fn wrap(&self, title: &str, html: &str) -> String;
}
