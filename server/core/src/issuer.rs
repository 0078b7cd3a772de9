//! The issuer identifier and the places derived from it (RFC 8414 §2 and §3).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};

/// The one string that names this server: compared byte for byte by everybody, and sent as `iss`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Issuer {
    text: String,
    /// Where the path starts in `text`; its end if there is no path.
    path_at: usize,
}

/// Why a string cannot be an issuer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IssuerError {
    /// Not an absolute http or https URL.
    NotAUrl,
    /// `http`, and not for localhost, 127.0.0.1 or `[::1]`.
    InsecureHttp,
    /// A query or fragment (RFC 8414 §2).
    QueryOrFragment,
    /// A user name or password.
    UserInfo,
    /// A trailing slash: `https://a` and `https://a/` are two issuers, and this is the one that people mistype.
    TrailingSlash,
    /// Written differently from how URL libraries print it: upper case in the host, a default port, dot segments.
    NotCanonical,
}

impl Issuer {
    /// Checks an issuer: https (http on loopback only), no query, no fragment, no trailing slash, canonical spelling.
    ///
    /// # Errors
    /// See [`IssuerError`].
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|_| IssuerError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(IssuerError::NotAUrl);
        }
        if text.contains(['?', '#']) {
            return Err(IssuerError::QueryOrFragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(IssuerError::UserInfo);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(IssuerError::InsecureHttp);
        }
        if text.ends_with('/') {
            return Err(IssuerError::TrailingSlash);
        }
        if url.as_str().trim_end_matches('/') != text || url.path().contains("//") {
            return Err(IssuerError::NotCanonical);
        }
        let path = url.path().trim_end_matches('/');
        Ok(Self { text: text.to_owned(), path_at: text.len() - path.len() })
    }

    /// The issuer, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port: `https://host:port`.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_at]
    }

    /// The host and, if it is not the default, the port, as a `Host` header carries them.
    pub fn host(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, host)| host)
    }

    /// The path, without a trailing slash; empty for most.
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// Whether it is an https issuer; only a loopback one for development is not.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// An endpoint below the issuer: `path` starts with a slash.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Where the metadata document of that name is found: `/.well-known/<name>` before the issuer's path (RFC 8414 §3.1).
    pub fn well_known_path(&self, name: &str) -> String {
        format!("/.well-known/{name}{}", self.path())
    }

    /// Where OpenID Connect Discovery §4 looks instead: after the issuer's path.
    pub fn appended_well_known_path(&self, name: &str) -> String {
        format!("{}/.well-known/{name}", self.path())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Cow::<str>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUrl => "the issuer is not an absolute URL such as https://id.example",
            Self::InsecureHttp => "an http issuer is for localhost only; use https",
            Self::QueryOrFragment => "the issuer has a query or fragment, which RFC 8414 forbids",
            Self::UserInfo => "the issuer has a user name or password",
            Self::TrailingSlash => "the issuer ends with a slash; leave it out",
            Self::NotCanonical => "the issuer is not in its usual spelling (lower-case host, no default port, no dot segments)",
        })
    }
}

impl std::error::Error for IssuerError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 8414 §3.1: the well-known string is inserted between host and path.
    #[test]
    fn the_metadata_of_an_issuer_with_a_path_is_found_before_the_path() {
        let issuer = Issuer::parse("https://example.com/issuer1").unwrap();
        assert_eq!(issuer.well_known_path("oauth-authorization-server"), "/.well-known/oauth-authorization-server/issuer1");
        assert_eq!(issuer.appended_well_known_path("openid-configuration"), "/issuer1/.well-known/openid-configuration");
        assert_eq!((issuer.origin(), issuer.path(), issuer.host()), ("https://example.com", "/issuer1", "example.com"));
        assert_eq!(issuer.endpoint("/token"), "https://example.com/issuer1/token");
    }

    #[test]
    fn an_issuer_without_a_path_has_an_empty_one() {
        for text in ["https://id.example", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:8080"] {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!((issuer.as_str(), issuer.origin(), issuer.path()), (text, text, ""));
            assert_eq!(issuer.well_known_path("x"), "/.well-known/x");
        }
    }

    /// RFC 8414 §2: https, no query, no fragment.
    #[test]
    fn what_others_would_compare_differently_is_no_issuer() {
        use IssuerError as E;
        for (text, why) in [
            ("", E::NotAUrl),
            ("id.example", E::NotAUrl),
            ("ftp://id.example", E::NotAUrl),
            ("http://id.example", E::InsecureHttp),
            ("http://localhost.evil.test", E::InsecureHttp),
            ("https://id.example/", E::TrailingSlash),
            ("https://id.example/a/", E::TrailingSlash),
            ("https://id.example?", E::QueryOrFragment),
            ("https://id.example#a", E::QueryOrFragment),
            ("https://u@id.example", E::UserInfo),
            ("https://ID.example", E::NotCanonical),
            ("https://id.example:443", E::NotCanonical),
            ("https://id.example/a/../b", E::NotCanonical),
            ("https://id.example//b", E::NotCanonical),
            ("https://idé.example", E::NotCanonical),
            (" https://id.example", E::NotCanonical),
        ] {
            assert_eq!(Issuer::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn an_issuer_is_written_as_its_text_and_read_as_strictly_as_parsed() {
        let issuer = Issuer::parse("https://id.example/a").unwrap();
        assert_eq!(
            (serde_json::to_string(&issuer).unwrap(), issuer.to_string()),
            ("\"https://id.example/a\"".into(), "https://id.example/a".into())
        );
        assert_eq!(serde_json::from_str::<Issuer>("\"https://id.example/a\"").unwrap(), issuer);
        assert!(issuer.is_https() && !Issuer::parse("http://localhost").unwrap().is_https());
        let refused = serde_json::from_str::<Issuer>("\"https://id.example/\"").unwrap_err();
        assert!(refused.to_string().contains("leave it out"), "{refused}");
    }

    #[test]
    fn every_refusal_of_an_issuer_has_words_of_its_own() {
        use IssuerError as E;
        let all = [E::NotAUrl, E::InsecureHttp, E::QueryOrFragment, E::UserInfo, E::TrailingSlash, E::NotCanonical];
        let words: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert!(
            words.len() == all.len() && words.iter().all(|text| text.starts_with("the issuer ") || text.starts_with("an http issuer "))
        );
    }
}
