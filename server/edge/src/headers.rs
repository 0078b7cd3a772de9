//! The headers that protect people: set on everything a browser may render, whoever made the response.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use keyhook_component::response::{PAGE_POLICY, Response, SECOND_POLICY};

const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What no browser renders: JSON, and the forms of OAuth 1.0a (RFC 5849 §2.1).
const DATA: [&[u8]; 2] = [b"application/json", b"application/x-www-form-urlencoded"];

/// Completes a response: removes what only the edge may say, adds what protects.
pub fn complete(mut response: Response, method: &Method, https: bool) -> Response {
    if response.headers.keys().any(is_the_edges) {
        remove_the_edges(&mut response.headers);
    }
    if response.status.is_informational() {
        // A final response cannot be 1xx (RFC 9110 §15.2); hyper would drop the connection.
        response = crate::failure::edge(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the endpoint gave no final status");
    }
    let headers = &mut response.headers;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    let content_type = headers.get(header::CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    if !DATA.iter().any(|data| starts_with(content_type, data)) {
        let html = starts_with(content_type, b"text/html");
        protect_page(headers, html);
    }
    if *method == Method::HEAD {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(response.body.len()));
        response.body.clear();
    }
    response
}

fn protect_page(headers: &mut HeaderMap, html: bool) {
    let policy = if headers.contains_key(header::CONTENT_SECURITY_POLICY) { SECOND_POLICY } else { PAGE_POLICY };
    // Compared as a whole: 'none' beside another source means nothing.
    let is_there = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().any(|own| own == SECOND_POLICY || own == PAGE_POLICY);
    if !is_there {
        headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    default_to(headers, header::REFERRER_POLICY, "no-referrer");
    if html {
        default_to(headers, COOP, "same-origin");
        default_to(headers, header::CACHE_CONTROL, "no-store");
    }
}

fn default_to(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// Hop-by-hop headers, framing and the server's name: an endpoint that sets one of them could split a response or lie.
fn is_the_edges(name: &HeaderName) -> bool {
    const KEEP_ALIVE: &str = "keep-alive";
    const PROXY_CONNECTION: &str = "proxy-connection";
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE, header::TRAILER, header::SERVER]
        .contains(name)
        || name == KEEP_ALIVE
        || name == PROXY_CONNECTION
}

fn remove_the_edges(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| is_the_edges(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn starts_with(value: &[u8], prefix: &[u8]) -> bool {
    value.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(response: &Response, name: &HeaderName) -> Vec<String> {
        response.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }

    #[test]
    fn a_page_gets_the_policy_and_is_never_framed_or_kept() {
        let page = complete(Response::html(StatusCode::OK, "<p>"), &Method::GET, true);
        assert_eq!(values(&page, &header::CONTENT_SECURITY_POLICY), [PAGE_POLICY]);
        assert!(!PAGE_POLICY.contains("form-action"));
        assert_eq!(values(&page, &header::X_FRAME_OPTIONS), ["DENY"]);
        assert_eq!(values(&page, &header::CACHE_CONTROL), ["no-store"]);
        assert_eq!(values(&page, &header::REFERRER_POLICY), ["no-referrer"]);
        assert_eq!(values(&page, &header::STRICT_TRANSPORT_SECURITY), ["max-age=31536000"]);
    }

    #[test]
    fn a_policy_of_its_own_cannot_allow_framing() {
        let own = HeaderValue::from_static("default-src *; frame-ancestors *");
        let page = complete(Response::html(StatusCode::OK, "").with(header::CONTENT_SECURITY_POLICY, own), &Method::GET, false);
        assert_eq!(values(&page, &header::CONTENT_SECURITY_POLICY), ["default-src *; frame-ancestors *", SECOND_POLICY]);
        assert!(values(&page, &header::STRICT_TRANSPORT_SECURITY).is_empty());
    }

    #[test]
    fn a_policy_that_is_there_already_is_not_sent_twice() {
        for policy in [PAGE_POLICY, SECOND_POLICY] {
            let own = HeaderValue::from_static(policy);
            let page = complete(Response::html(StatusCode::OK, "").with(header::CONTENT_SECURITY_POLICY, own), &Method::GET, false);
            assert_eq!(values(&page, &header::CONTENT_SECURITY_POLICY), [policy]);
        }
    }

    #[test]
    fn an_endpoint_cannot_frame_the_message_or_name_the_server() {
        let mut response = Response::json(StatusCode::OK, "{}");
        for name in ["connection", "content-length", "transfer-encoding", "keep-alive", "server", "upgrade"] {
            response.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("7"));
        }
        let response = complete(response, &Method::POST, false);
        let mut names: Vec<_> = response.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["cache-control", "content-type", "pragma", "x-content-type-options"]);
    }

    /// RFC 9110 §9.3.2: the headers of GET, without content.
    #[test]
    fn a_head_response_announces_the_length_and_sends_nothing() {
        let response = complete(Response::json(StatusCode::OK, "{}"), &Method::HEAD, false);
        assert!(response.body.is_empty());
        assert_eq!(values(&response, &header::CONTENT_LENGTH), ["2"]);
    }
}
