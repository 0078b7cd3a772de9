//! Scheme and authority of the issuer, and whether a request came to them.

use std::net::IpAddr;

/// The issuer's origin: where people's pages are served.
pub(crate) struct Origin {
    /// `https://id.example` or `http://localhost:8080`, as in the issuer.
    pub(crate) text: String,
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of an issuer identifier. A text that is none never matches a request.
    pub(crate) fn of(issuer: &str) -> Origin {
        let (scheme, rest) = issuer.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = split_port(authority);
        Origin {
            text: format!("{scheme}://{authority}"),
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            port: port.or_else(|| default_port(scheme)),
        }
    }

    /// Whether scheme and host of a request are the issuer's. A default port may be written or left out.
    pub(crate) fn matches(&self, scheme: &str, authority: &str) -> bool {
        let (host, port) = split_port(authority);
        self.scheme == scheme && self.host.eq_ignore_ascii_case(host) && self.port == port.or_else(|| default_port(scheme))
    }

    /// Whether a request came to another name of the loopback interface, with the issuer's scheme and port.
    pub(crate) fn is_loopback_twin(&self, scheme: &str, authority: &str) -> bool {
        let (host, port) = split_port(authority);
        self.scheme == scheme && self.port == port.or_else(|| default_port(scheme)) && is_loopback(host) && is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_port_may_be_written_or_left_out() {
        let origin = Origin::of("https://id.example/tenant");
        assert_eq!(origin.text, "https://id.example");
        assert!(origin.matches("https", "ID.example") && origin.matches("https", "id.example:443"));
        assert!(!origin.matches("http", "id.example") && !origin.matches("https", "id.example:8443"));
        assert!(!origin.matches("https", "id.example.evil"));
    }

    #[test]
    fn names_of_the_loopback_interface_are_twins_on_the_same_port_only() {
        let origin = Origin::of("http://localhost:8080");
        assert!(origin.is_loopback_twin("http", "127.0.0.1:8080") && origin.is_loopback_twin("http", "[::1]:8080"));
        assert!(!origin.is_loopback_twin("http", "127.0.0.1:9090") && !origin.is_loopback_twin("http", "evil.example:8080"));
        assert!(!Origin::of("https://id.example").is_loopback_twin("https", "127.0.0.1:443"));
    }
}
