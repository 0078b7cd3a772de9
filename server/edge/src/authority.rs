//! The host a request was sent to (RFC 9112 §3.2): there is exactly one, and it is written as one.

use http::{HeaderMap, Uri, header};

/// The authority of a request: from `Host`, or `:authority` in HTTP/2, and equal where both stand.
///
/// # Errors
/// What is wrong with it: 400 in every case (RFC 9112 §3.2).
pub(crate) fn authority_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, &'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().map_err(|_| "the Host header is malformed")?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err("the Host header was sent twice"),
    };
    let target = uri.authority().map(http::uri::Authority::as_str);
    let authority = match (target, host) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => return Err("the request target and the Host header differ"),
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return Err("the Host header is missing"),
    };
    if is_authority(authority) { Ok(authority) } else { Err("the Host header is malformed") }
}

/// `host`, `host:port` or `[v6]:port`, without user information.
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((inside, after)) = rest.split_once(']') else { return false };
            if inside.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", after.strip_prefix(':').or_else(|| after.is_empty().then_some("0")))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("0")),
        },
    };
    let host_ok = !host.is_empty() && host.len() <= 253 && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let port_ok = port.is_some_and(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    host_ok && port_ok
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_a_port_and_nothing_else() {
        for right in ["localhost", "localhost:8080", "id.example", "127.0.0.1:1", "[::1]", "[::1]:8080", "a_b.test"] {
            assert!(is_authority(right), "{right}");
        }
        for wrong in ["", ":80", "a b", "a@b", "a/b", "a:b", "a:99999", "a:", "[::1", "[x]", "[::1]x", "a,b", "a:1:2", "a\u{e9}", "a:+5"] {
            assert!(!is_authority(wrong), "{wrong}");
        }
    }

    /// RFC 9112 §3.2: 400 for a request that lacks `Host` or has more than one.
    #[test]
    fn a_request_has_exactly_one_host() {
        let uri: Uri = "/token".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert!(authority_of(&uri, &headers).is_err());
        headers.append(header::HOST, "a.test".parse().unwrap());
        assert_eq!(authority_of(&uri, &headers), Ok("a.test"));
        headers.append(header::HOST, "a.test".parse().unwrap());
        assert!(authority_of(&uri, &headers).is_err());
    }

    /// RFC 9112 §3.2.2.
    #[test]
    fn an_absolute_target_must_name_the_same_host() {
        let uri: Uri = "http://a.test/token".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "b.test".parse().unwrap());
        assert!(authority_of(&uri, &headers).is_err());
        headers.insert(header::HOST, "A.test".parse().unwrap());
        assert!(authority_of(&uri, &headers).is_ok());
    }
}
