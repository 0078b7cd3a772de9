//! The pages that are no endpoint's own: errors, nothing here, wrong host, and the theme around a plugin's markup.

use askama::Template as _;
use http::{HeaderValue, StatusCode, header};
use keyhook_component::pages::Pages;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::mask::masked;
use keyhook_core::metadata::Issuer;

use super::{Problem, Wrap, WrongHost, base, page, texts};
use crate::explain::shown;
use crate::kh;

/// The pages that ship.
#[derive(Clone, Debug, Default)]
pub struct BuiltinPages {
    base: String,
}

impl BuiltinPages {
    /// Pages of a server at `issuer`, whose path precedes every link.
    pub fn new(issuer: &Issuer) -> BuiltinPages {
        BuiltinPages { base: issuer.path().to_owned() }
    }
}

impl Pages for BuiltinPages {
    fn error(&self, request: &Request, settings: &Settings, error: &OAuthError) -> Response {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let response = if request.wants_json() {
            Response::json(status, if settings.dev { error.json_explained(&request.id) } else { error.json() })
        } else {
            let (title, advice) = texts::of(error);
            let details = if settings.dev { details(error) } else { String::new() };
            page(status, &Problem { base: base(settings), title, advice, code: error.kh, request_id: &request.id, details: &details })
        };
        match error.www_authenticate(&settings.realm).and_then(|value| HeaderValue::from_str(&value).ok()) {
            Some(challenge) => response.with(header::WWW_AUTHENTICATE, challenge),
            None => response,
        }
    }

    fn not_found(&self, request: &Request, settings: &Settings) -> Response {
        let error = OAuthError::new(ErrorCode::NotFound, "nothing answers at this path").with_kh(kh::NOT_FOUND);
        let path = shown(&masked(&request.path));
        self.error(request, settings, &error.with_cause(format!("nothing answers {} {path}", request.method)))
    }

    fn wrong_host(&self, request: &Request, settings: &Settings) -> Response {
        const MISDIRECTED: StatusCode = StatusCode::MISDIRECTED_REQUEST;
        let came = format!("{}://{}", request.scheme, shown(&request.host));
        let expected = settings.issuer.origin();
        if request.wants_json() {
            let body = serde_json::json!({ "error": "invalid_request", "error_description": "this host or scheme is not the issuer's", "expected": expected });
            return Response::json(MISDIRECTED, body.to_string());
        }
        page(MISDIRECTED, &WrongHost { base: base(settings), came: &came, expected, code: kh::WRONG_HOST, request_id: &request.id })
    }

    fn wrap(&self, title: &str, html: &str) -> String {
        // Rendering writes to memory only; if it fails the plugin's page is empty rather than half.
        Wrap { base: &self.base, title, html }.render().unwrap_or_default()
    }
}

/// What the operator reads in the log, and a developer on the page.
fn details(error: &OAuthError) -> String {
    let cause = error.cause.as_deref().unwrap_or(error.description);
    format!("{}  {cause}\n\n{}: {}", error.kh, error.code.wire(), error.wire_description())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugins_page_has_its_title_as_heading_unless_it_brings_one() {
        let pages = BuiltinPages::default();
        assert!(pages.wrap("Who <are> you?", "<p>x</p>").contains("<h1>Who &#60;are&#62; you?</h1>"));
        assert_eq!(pages.wrap("Hello", "<h1 class=\"own\">Own</h1>").matches("<h1").count(), 1);
        assert!(!pages.wrap("", "<p>x</p>").contains("<h1"));
    }
}
