//! What is wrong with a guard's configuration, said before it runs.

use http::Uri;
use http::uri::Scheme;

/// A guard that cannot be set up as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A URL that must not be used.
    #[error("[KH0705] `{url}` cannot be used as {what}: {why}")]
    Url {
        /// What it is for.
        what: &'static str,
        /// As it was given.
        url: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A value out of its bounds, or missing.
    #[error("[KH0705] {what}: {why}")]
    Value {
        /// What it is for.
        what: &'static str,
        /// What is wrong.
        why: &'static str,
    },
}

impl SetupError {
    pub(crate) fn value(what: &'static str, why: &'static str) -> SetupError {
        SetupError::Value { what, why }
    }
}

/// An address to ask: https, or http on loopback, because secrets and keys travel there.
pub(crate) fn endpoint(what: &'static str, text: &str) -> Result<Uri, SetupError> {
    let refused = |why| SetupError::Url { what, url: masked(text), why };
    let uri: Uri = text.parse().map_err(|_| refused("it is no URL"))?;
    let authority = uri.authority().ok_or_else(|| refused("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(refused("it names a user; credentials are given apart"));
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(uri),
        Some(scheme) if *scheme == Scheme::HTTP && is_loopback(authority.host()) => Ok(uri),
        _ => Err(refused("it must be https; http is for loopback addresses")),
    }
}

/// Without what stands before an `@`, which may be a password.
fn masked(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_over_https_or_on_loopback_only() {
        for good in ["https://id.example/introspect", "http://localhost:8080/introspect", "http://127.0.0.1:1/", "http://[::1]:1/"] {
            assert!(endpoint("x", good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example/",
            "http://127.0.0.1.evil.example/",
            "ftp://localhost/",
            "/introspect",
            "localhost:8080",
            "",
            "http://localhost.evil/",
        ] {
            assert!(endpoint("x", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        let refused = endpoint("the introspection endpoint", "https://api:hush@id.example/").unwrap_err().to_string();
        assert!(refused.contains("KH0705") && refused.contains("https://***@id.example/") && !refused.contains("hush"), "{refused}");
    }
}
