//! The signature base string: what is signed of a request (RFC 5849 §3.4.1).

use std::fmt;

use super::encoding;
use super::pairs::Pairs;
use super::parameters::Parameters;
use super::request::SignedRequest;

/// The text that a signature is over. It holds every parameter of the request, so it does not show itself, and no answer contains it.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseString(String);

impl BaseString {
    /// The base string of a request whose parameters were collected (RFC 5849 §3.4.1.1).
    pub fn of(request: &SignedRequest<'_>, parameters: &Parameters) -> Self {
        Self::over(request, parameters.pairs())
    }

    /// The same over pairs that are sorted already.
    pub(crate) fn over(request: &SignedRequest<'_>, pairs: &Pairs) -> Self {
        let uri = request.scheme.len() + request.authority.len() + request.path.len();
        // In the worst case every byte of method and URI becomes three.
        let mut out = Vec::with_capacity(3 * (request.method.len() + uri) + pairs.normalized_len() + 16);
        push_all(request.method.bytes().map(|byte| byte.to_ascii_uppercase()), &mut out);
        out.push(b'&');
        push_uri(request, &mut out);
        out.push(b'&');
        pairs.push_normalized(&mut out);
        // Everything above wrote ASCII.
        Self(String::from_utf8(out).unwrap_or_default())
    }

    /// The text. Whoever calls this answers for where it goes: in `dev` and in tools of the operator alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes that are signed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for BaseString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseString({} bytes)", self.0.len())
    }
}

/// The base string URI, encoded (RFC 5849 §3.4.1.2): scheme and host in lower case, the port unless it is the scheme's own, the path
/// as it was sent, no query.
fn push_uri(request: &SignedRequest<'_>, out: &mut Vec<u8>) {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    let (host, port) = split_port(request.authority);
    push_all(request.scheme.bytes().map(lower), out);
    push_all("://".bytes(), out);
    push_all(host.bytes().map(lower), out);
    let default = if request.scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    if !port.is_empty() && port != default {
        push_all(":".bytes().chain(port.bytes()), out);
    }
    push_all(if request.path.is_empty() { "/" } else { request.path }.bytes(), out);
}

/// Host and port of a `Host` header; the port without leading zeros, and empty where there is none. The colons of an IPv6 address
/// stand in brackets (RFC 3986 §3.2.2).
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.trim_start_matches('0')),
        _ => (authority, ""),
    }
}

fn push_all(bytes: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    bytes.for_each(|byte| encoding::push(byte, out));
}
