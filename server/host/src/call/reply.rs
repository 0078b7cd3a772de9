//! `respond_*`: an answer as a plugin writes it, checked line by line, and finished with the headers that no plugin leaves out.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use keyhook_component::response::{PAGE_POLICY, Response, SECOND_POLICY};
use keyhook_core::text::is_header_value;
use keyhook_plugin::abi;

use super::limits::{BODY_BYTES, HEADER_BYTES, HEADERS};
use super::{Call, Scene, is_authorization};

/// Headers that belong to the connection (RFC 9110 §7.6.1).
const OF_THE_CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
];

/// Headers that speak for the whole host: a browser obeys them beyond this one answer.
const OF_THE_HOST: [&str; 7] =
    ["strict-transport-security", "public-key-pins", "alt-svc", "clear-site-data", "service-worker-allowed", "nel", "report-to"];

/// Beginnings of headers that let pages of other origins read an answer: never those of a sign-in, which hold form tokens.
const OPENING: [&str; 3] = ["access-control-", "cross-origin-", "timing-allow-origin"];

/// An answer that is being written.
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    header_bytes: usize,
    body: Vec<u8>,
}

impl Default for Reply {
    fn default() -> Reply {
        Reply { status: StatusCode::OK, headers: HeaderMap::new(), header_bytes: 0, body: Vec::new() }
    }
}

impl Reply {
    fn add(&mut self, name: HeaderName, value: &str) -> Result<(), i32> {
        self.header_bytes += name.as_str().len() + value.len();
        if self.headers.len() >= HEADERS || self.header_bytes > HEADER_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        let value = HeaderValue::from_str(value).map_err(|_| abi::BAD_ARGUMENT)?;
        let repeats = [header::SET_COOKIE, header::CONTENT_SECURITY_POLICY, header::VARY, header::LINK];
        if repeats.contains(&name) {
            self.headers.append(name, value);
        } else {
            self.headers.insert(name, value);
        }
        Ok(())
    }

    /// The response, with what is always added, whatever the plugin set. Pages of a sign-in are never kept by a cache.
    pub(crate) fn finish(self, scene: Scene) -> Response {
        let mut headers = self.headers;
        let is_html = headers.get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"text/html"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        let no_store = HeaderValue::from_static("no-store");
        if scene == Scene::Route {
            headers.entry(header::CACHE_CONTROL).or_insert(no_store);
        } else {
            headers.insert(header::CACHE_CONTROL, no_store);
        }
        if headers.contains_key(header::CONTENT_SECURITY_POLICY) {
            headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SECOND_POLICY));
        } else if is_html {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        }
        Response { status: self.status, headers, body: self.body.into() }
    }
}

impl Call {
    /// Sets the status, 200–599.
    pub(crate) fn respond_status(&mut self, status: u32) -> Result<(), i32> {
        let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or(abi::BAD_ARGUMENT)?;
        self.reply()?.status = status;
        self.changed();
        Ok(())
    }

    /// Adds a header.
    pub(crate) fn respond_header(&mut self, name: &str, value: &str) -> Result<(), i32> {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| abi::BAD_ARGUMENT)?;
        if !is_header_value(value) {
            return Err(abi::BAD_ARGUMENT);
        }
        self.check_header(&header, value)?;
        self.reply()?.add(header, value)?;
        self.changed();
        Ok(())
    }

    /// Appends to the body.
    pub(crate) fn respond_body(&mut self, bytes: &[u8]) -> Result<(), i32> {
        let reply = self.reply()?;
        if reply.body.len().saturating_add(bytes.len()) > BODY_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        reply.body.extend_from_slice(bytes);
        self.changed();
        Ok(())
    }

    /// Appends a page inside the theme.
    pub(crate) fn respond_page(&mut self, title: &str, html: &str) -> Result<(), i32> {
        if html.len() > BODY_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        let page = self.world.pages.as_ref().map_or_else(|| html.to_owned(), |pages| pages.wrap(title, html));
        self.respond_body(page.as_bytes())?;
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        self.reply()?.headers.entry(header::CONTENT_TYPE).or_insert(html);
        Ok(())
    }

    /// The answer, begun if it was not. Only browsers are answered: in authorization hooks and URL handlers.
    fn reply(&mut self) -> Result<&mut Reply, i32> {
        if self.only_watches() {
            return Err(abi::NOT_PERMITTED);
        }
        if self.scene != Scene::Route && !is_authorization(self.scene) {
            return Err(abi::NOT_HERE);
        }
        Ok(self.reply.get_or_insert_default())
    }

    fn check_header(&self, name: &HeaderName, value: &str) -> Result<(), i32> {
        let permitted = match name.as_str() {
            "set-cookie" => value.strip_prefix(&*self.plugin.name).is_some_and(|rest| rest.starts_with('-')),
            "location" | "refresh" | "content-location" => self.may_redirect(value, name == header::REFRESH),
            other if OF_THE_CONNECTION.contains(&other) || OF_THE_HOST.contains(&other) => false,
            other => self.scene == Scene::Route || !OPENING.iter().any(|start| other.starts_with(start)),
        };
        if permitted { Ok(()) } else { Err(abi::NOT_PERMITTED) }
    }

    /// Whether the browser may be sent there: a path of our own, the validated redirect URI, a login origin; from URL handlers also
    /// any https address.
    fn may_redirect(&self, location: &str, is_refresh: bool) -> bool {
        // Browsers read a backslash as a slash and skip tabs: both would make a local path another host's.
        if is_refresh || location.contains(['\\', ' ', '\t']) {
            return false;
        }
        if location.starts_with('/') {
            return !location.starts_with("//");
        }
        let is_login = self.plugin.login_origins.iter().any(|origin| begins_with(location, origin, &['/', '?', '#']));
        if is_login || (self.scene == Scene::Route && location.starts_with("https://")) {
            return true;
        }
        let validated = self.draft.facts.iter().find(|(name, _)| *name == "redirect_uri").map(|(_, uri)| uri.as_str());
        let validated = validated.filter(|uri| !uri.is_empty() && is_authorization(self.scene));
        validated.is_some_and(|uri| begins_with(location, uri, if uri.contains('?') { &['&', '#'] } else { &['?', '#'] }))
    }
}

/// Whether `text` is `start`, alone or followed by one of `then`.
fn begins_with(text: &str, start: &str, then: &[char]) -> bool {
    !start.is_empty() && text.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(then))
}
