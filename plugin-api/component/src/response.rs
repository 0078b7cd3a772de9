//! An HTTP response before it is written.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use keyhook_core::error::OAuthError;
use keyhook_core::redirect::ValidatedRedirectUri;

/// The content security policy of every page that has none of its own. No `form-action`: browsers apply it to the redirect after
/// the form's POST too, and that one goes to the client.
pub const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Added as a second policy to a page that has its own. Browsers enforce all policies at once, so nothing can loosen it.
pub const SECOND_POLICY: &str = "base-uri 'none'; frame-ancestors 'none'";

/// The headers of most answers: the largest map whose memory is still a small piece to the allocator.
const USUAL_HEADERS: usize = 6;

/// A whole response; bodies are small and buffered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// A response without a body.
    pub fn empty(status: StatusCode) -> Response {
        Response { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// JSON that no cache may keep (RFC 6749 §5.1).
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
        Response::typed(status, HeaderValue::from_static("application/json"), body).no_store()
    }

    /// An HTML page; the edge adds the security headers.
    pub fn html(status: StatusCode, body: impl Into<Bytes>) -> Response {
        Response::typed(status, HeaderValue::from_static("text/html; charset=utf-8"), body).no_store()
    }

    /// Plain text.
    pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
        Response::typed(status, HeaderValue::from_static("text/plain; charset=utf-8"), body)
    }

    /// 303 to the client, with parameters added to the validated URI (RFC 9700 §4.12: never 307).
    pub fn redirect(to: &ValidatedRedirectUri, parameters: &[(&str, &str)]) -> Response {
        if to.is_out_of_band() {
            // There is nowhere to go; whoever comes here forgot to ask.
            return Response::empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Response::see_other(&to.with_params(parameters))
    }

    /// 303 to a path of our own, `/…`.
    pub fn redirect_local(path: &str) -> Response {
        debug_assert!(path.starts_with('/') && !path.starts_with("//"), "a local path");
        Response::see_other(path)
    }

    fn see_other(location: &str) -> Response {
        let mut response = Response::empty(StatusCode::SEE_OTHER).no_store();
        match HeaderValue::from_str(location) {
            Ok(value) => {
                response.headers.insert(header::LOCATION, value);
                response
            }
            Err(_) => Response::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn typed(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
        let mut response = Response { status, headers: HeaderMap::with_capacity(USUAL_HEADERS), body: body.into() };
        response.headers.insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// Says when to try again, where the error does; a 503 always does (RFC 9110 §10.2.3).
    #[must_use]
    pub fn with_retry(self, error: &OAuthError) -> Response {
        match error.retry_after.or_else(|| (error.status() == 503).then_some(1)) {
            Some(seconds) => self.with(header::RETRY_AFTER, HeaderValue::from(seconds)),
            None => self,
        }
    }

    /// Forbids caches to keep it.
    #[must_use]
    pub fn no_store(mut self) -> Response {
        self.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Response {
        self.headers.insert(name, value);
        self
    }

    /// Adds a `Set-Cookie`.
    #[must_use]
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Response {
        self.headers.append(header::SET_COOKIE, cookie);
        self
    }
}
