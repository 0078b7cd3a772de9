//! Redirect URIs as they are registered: which ones may be registered at all (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};

pub use crate::claim::{ClaimError, ValidatedRedirectUri};

const LONGEST: usize = 2048;

/// A registered redirect URI, kept byte for byte as it was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RedirectUri(String);

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RedirectUriError {
    /// Not an absolute URI.
    NotAbsolute,
    /// Longer than 2048 bytes.
    TooLong,
    /// Something other than the ASCII that URIs consist of (RFC 3986 §2).
    Characters,
    /// A fragment (RFC 6749 §3.1.2).
    Fragment,
    /// A `*`: patterns are not supported, since a redirect URI is compared byte for byte.
    Wildcard,
    /// A user name or password before the host.
    UserInfo,
    /// `http` for a host that is not the loopback interface (RFC 8252 §7.3).
    InsecureHttp,
    /// A scheme that is neither https nor a private-use scheme with a dot (RFC 8252 §7.1), `javascript:` for one.
    Scheme,
    /// A host or port that a browser would read differently from how it is written.
    Authority,
    /// A `.` or `..` segment, which a browser would resolve.
    DotSegment,
}

impl RedirectUri {
    /// Checks a redirect URI for registration.
    ///
    /// # Errors
    /// See [`RedirectUriError`].
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        use RedirectUriError as E;
        if text.len() > LONGEST {
            return Err(E::TooLong);
        }
        if !text.bytes().all(is_uri_byte) {
            return Err(E::Characters);
        }
        if text.contains('#') {
            return Err(E::Fragment);
        }
        if text.contains('*') {
            return Err(E::Wildcard);
        }
        let (scheme, rest) = text.split_once(':').ok_or(E::NotAbsolute)?;
        let url = Url::parse(text).map_err(|_| E::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() || authority(rest).contains('@') {
            return Err(E::UserInfo);
        }
        match scheme {
            "https" => check_authority(&url, rest)?,
            "http" => {
                check_authority(&url, rest)?;
                if !is_loopback(&url) {
                    return Err(E::InsecureHttp);
                }
            }
            private if is_private_use(private) && !rest.is_empty() => {}
            _ => return Err(E::Scheme),
        }
        if has_dot_segment(rest) {
            return Err(E::DotSegment);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an `http` URI of the loopback interface (RFC 8252 §7.3).
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// Whether its scheme is a private-use one (RFC 8252 §7.1).
    pub fn is_custom_scheme(&self) -> bool {
        !self.0.starts_with("http:") && !self.0.starts_with("https:")
    }
}

/// Unreserved, reserved and percent (RFC 3986 §2); `\`, quotes, braces and everything beyond ASCII stay out.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// A private-use scheme in its lower-case spelling: a reversed domain name, so it has a dot (RFC 8252 §7.1).
fn is_private_use(scheme: &str) -> bool {
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'+'))
}

/// What stands between `//` and the next `/` or `?`; empty where there is no `//`.
fn authority(rest: &str) -> &str {
    let Some(rest) = rest.strip_prefix("//") else { return "" };
    &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]
}

/// The authority as written must be the one that a browser reads out of it.
fn check_authority(url: &Url, rest: &str) -> Result<(), RedirectUriError> {
    let written = authority(rest);
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RedirectUriError::Authority)?;
    let port = match written.strip_prefix(host) {
        Some("") => return Ok(()),
        Some(port) => port.strip_prefix(':'),
        None => None,
    };
    if port.is_some_and(is_port) { Ok(()) } else { Err(RedirectUriError::Authority) }
}

/// A port as a browser prints it: 1 to 65535 without leading zeros.
pub(crate) fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn has_dot_segment(rest: &str) -> bool {
    let path = &rest[..rest.find('?').unwrap_or(rest.len())];
    path.split(['/', ';']).any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    })
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RedirectUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RedirectUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| de::Error::custom(format!("redirect URI `{text}`: {error}")))
    }
}

impl fmt::Display for RedirectUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "it is not an absolute URI such as https://app.example/callback",
            Self::TooLong => "it is longer than 2048 bytes",
            Self::Characters => "it holds characters that do not belong in a URI; percent-encode them",
            Self::Fragment => "it has a fragment (#), which RFC 6749 §3.1.2 forbids",
            Self::Wildcard => "it has a *; redirect URIs are compared byte for byte, so register each one",
            Self::UserInfo => "it has a user name or an @ before the host",
            Self::InsecureHttp => "http is for 127.0.0.1, [::1] and localhost only; use https",
            Self::Scheme => "its scheme is neither https nor a lower-case private-use scheme with a dot, such as com.example.app",
            Self::Authority => "its host or port is not written as a browser reads it (lower case, punycode, no zeros)",
            Self::DotSegment => "it has a . or .. segment",
        })
    }
}

impl std::error::Error for RedirectUriError {}

#[cfg(test)]
mod tests;
