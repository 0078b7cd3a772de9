//! The one place where a redirect URI from a request becomes a target: it is registered, byte for byte (RFC 9700 §2.1).

use std::fmt;

use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::client::{Application, Client};
use crate::error::OAuthError;
use crate::kh;
use crate::redirect::{RedirectUri, is_port};

/// A redirect URI that is proven to belong to a client. Only [`Client::claim`] makes one.
///
/// ```compile_fail
/// let target = keyhook_core::ValidatedRedirectUri { uri: "https://evil.test/".to_owned() };
/// ```
/// ```
/// use keyhook_core::{Client, RedirectUri};
/// let mut client = Client::public("shop", "Shop");
/// client.redirect_uris = vec![RedirectUri::parse("https://shop.test/cb")?];
/// let target = client.claim(Some("https://shop.test/cb"))?;
/// assert_eq!(target.as_str(), "https://shop.test/cb");
/// assert!(client.claim(Some("https://evil.test/cb")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValidatedRedirectUri {
    uri: String,
    way: Way,
}

/// How parameters get to the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// In the query, named as OAuth 2.0 does (RFC 6749 §4.1.2).
    Query,
    /// In the fragment (RFC 6749 §4.2.2).
    Fragment,
    /// In the query, named as OAuth 1.0 does (RFC 5849 §2.2).
    Callback,
    /// Not at all: the user carries them (RFC 5849 §2.1, `oob`).
    OutOfBand,
}

/// Why a redirect URI is not a client's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClaimError {
    /// None was sent, and the client does not have exactly one.
    Missing {
        /// How many are registered.
        registered: usize,
    },
    /// The one that was sent is not registered.
    NotRegistered {
        /// The registered URI that is most like it.
        nearest: Option<String>,
        /// In what the two differ, for people: `trailing slash`, `scheme`, `host`, `port`, `path`, `query` …
        differs: &'static str,
    },
}

impl Client {
    /// Turns the `redirect_uri` of a request into a target: byte for byte one of the registered ones, with any port
    /// where the registered one is a loopback address (RFC 8252 §7.3; `localhost` for native clients only). It may be
    /// left out if exactly one is registered (RFC 6749 §3.1.2.3).
    ///
    /// # Errors
    /// See [`ClaimError`]; the answer is a page, never a redirect (RFC 6749 §4.1.2.1).
    pub fn claim(&self, sent: Option<&str>) -> Result<ValidatedRedirectUri, ClaimError> {
        let Some(sent) = sent else {
            return match self.redirect_uris.as_slice() {
                [only] => Ok(ValidatedRedirectUri::query(only.as_str())),
                several => Err(ClaimError::Missing { registered: several.len() }),
            };
        };
        let free_localhost = self.application == Application::Native;
        let fits = |uri: &RedirectUri| uri.as_str() == sent || differs_in_port_only(uri.as_str(), sent, free_localhost);
        if self.redirect_uris.iter().any(fits) {
            return Ok(ValidatedRedirectUri::query(sent));
        }
        let nearest = self.redirect_uris.iter().max_by_key(|uri| common_prefix(uri.as_str(), sent));
        Err(ClaimError::NotRegistered {
            nearest: nearest.map(|uri| uri.as_str().to_owned()),
            differs: nearest.map_or("no redirect URI is registered", |uri| difference(uri.as_str(), sent)),
        })
    }
}

/// Whether both are one loopback URI but for the port, every other byte being equal (RFC 8252 §7.3).
fn differs_in_port_only(registered: &str, sent: &str, free_localhost: bool) -> bool {
    let loopback = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let hosts = if free_localhost { &loopback[..] } else { &loopback[..2] };
    hosts.iter().any(|host| match (registered.strip_prefix(host).and_then(after_port), sent.strip_prefix(host).and_then(after_port)) {
        (Some(registered), Some(sent)) => registered == sent,
        _ => false,
    })
}

/// What follows the optional port; `None` if what follows the host is neither a port nor the rest of a URI.
fn after_port(after_host: &str) -> Option<&str> {
    let Some(port_on) = after_host.strip_prefix(':') else {
        return (after_host.is_empty() || after_host.starts_with(['/', '?'])).then_some(after_host);
    };
    let (port, rest) = port_on.split_at(port_on.find(['/', '?']).unwrap_or(port_on.len()));
    is_port(port).then_some(rest)
}

fn common_prefix(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count()
}

/// The first difference in the words of somebody who has to mend it.
fn difference(registered: &str, sent: &str) -> &'static str {
    if registered.trim_end_matches('/') == sent.trim_end_matches('/') {
        return "trailing slash";
    }
    if registered.eq_ignore_ascii_case(sent) {
        return "upper and lower case";
    }
    let (Ok(left), Ok(right)) = (Url::parse(registered), Url::parse(sent)) else {
        return "it is not a URI";
    };
    if right.fragment().is_some() {
        "it has a fragment"
    } else if !right.username().is_empty() || right.password().is_some() {
        "it has a user name"
    } else if left.scheme() != right.scheme() {
        "scheme"
    } else if left.host() != right.host() {
        "host"
    } else if left.port_or_known_default() != right.port_or_known_default() {
        "port"
    } else if left.path() != right.path() {
        "path"
    } else if left.query() != right.query() {
        "query"
    } else {
        "spelling, such as percent-encoding or an explicit default port"
    }
}

impl ValidatedRedirectUri {
    fn query(uri: &str) -> Self {
        Self { uri: uri.to_owned(), way: Way::Query }
    }

    /// No target at all: the user takes the verifier to the client (RFC 5849 §2.1, `oob`).
    pub(crate) fn out_of_band() -> Self {
        Self { uri: "oob".to_owned(), way: Way::OutOfBand }
    }

    /// The same target, whose parameters are named as OAuth 1.0 does (RFC 5849 §2.2).
    pub(crate) fn into_callback(self) -> Self {
        Self { way: Way::Callback, ..self }
    }

    /// Whether nobody can be sent there: the user carries what the client is to know.
    pub fn is_out_of_band(&self) -> bool {
        self.way == Way::OutOfBand
    }

    /// Whether parameters are named as OAuth 1.0 does.
    pub fn is_callback(&self) -> bool {
        matches!(self.way, Way::Callback | Way::OutOfBand)
    }

    /// The same target, with parameters in its fragment, which servers on the way do not see (RFC 6749 §4.2.2). A registered URI has
    /// no fragment of its own (RFC 6749 §3.1.2).
    #[must_use]
    pub fn in_fragment(self) -> Self {
        Self { way: Way::Fragment, ..self }
    }

    /// The URI, byte for byte as the client sent or registered it.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Where the user will be sent, in words for a page: `shop.test`, `127.0.0.1:8080`, or `com.example.app:`; empty for nowhere.
    pub fn host_for_people(&self) -> String {
        if self.is_out_of_band() {
            return String::new();
        }
        let authority = self.uri.split_once("://").filter(|_| !self.is_custom_scheme()).map(|(_, rest)| rest);
        match authority {
            Some(rest) => rest[..rest.find(['/', '?']).unwrap_or(rest.len())].to_owned(),
            None => self.uri[..=self.uri.find(':').unwrap_or(0)].to_owned(),
        }
    }

    /// Whether it leads to the user's own machine over http (RFC 8252 §7.3).
    pub fn is_loopback(&self) -> bool {
        self.uri.starts_with("http:")
    }

    /// Whether it leads to an app by a private-use scheme (RFC 8252 §7.1).
    pub fn is_custom_scheme(&self) -> bool {
        !self.uri.starts_with("http:") && !self.uri.starts_with("https:")
    }

    /// The URI with parameters appended to its query, which is kept byte for byte (RFC 6749 §3.1.2, §4.1.2), or as its fragment.
    pub fn with_params(&self, params: &[(&str, &str)]) -> String {
        let mut out = String::with_capacity(self.uri.len() + 128);
        out.push_str(&self.uri);
        let mark = if self.way == Way::Fragment { '#' } else { '?' };
        for (name, value) in params {
            match out.find(mark) {
                None => out.push(mark),
                Some(_) if out.ends_with([mark, '&']) => {}
                Some(_) => out.push('&'),
            }
            out.extend(byte_serialize(name.as_bytes()));
            out.push('=');
            out.extend(byte_serialize(value.as_bytes()));
        }
        out
    }
}

impl fmt::Display for ValidatedRedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { registered } => {
                write!(f, "redirect_uri is missing and {registered} are registered; it may be left out if there is one")
            }
            Self::NotRegistered { nearest: Some(nearest), differs } => {
                write!(f, "redirect_uri is not registered; the nearest is {nearest}, differs: {differs}")
            }
            Self::NotRegistered { nearest: None, .. } => f.write_str("the client has no redirect URI registered"),
        }
    }
}

impl std::error::Error for ClaimError {}

impl From<ClaimError> for OAuthError {
    /// One answer for all causes; the difference is for the log.
    fn from(error: ClaimError) -> Self {
        let kh = match error {
            ClaimError::Missing { .. } => kh::REDIRECT_MISSING,
            ClaimError::NotRegistered { .. } => kh::REDIRECT_NOT_REGISTERED,
        };
        Self::invalid_request("the redirect_uri is missing or not registered for this client").with_cause(error.to_string()).with_kh(kh)
    }
}

#[cfg(test)]
mod tests;
