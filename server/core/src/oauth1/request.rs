//! A request as a signature is over it: raw, so that nothing is decoded twice (RFC 5849 §3.4.1).

use std::fmt;

/// A request as it arrived, raw: nothing decoded, nothing normalized.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// `http` or `https`: how the client reached us, before any proxy.
    pub scheme: &'a str,
    /// The value of the `Host` header, with the port if one was sent.
    pub authority: &'a str,
    /// The path as it was sent, percent-encoded.
    pub path: &'a str,
    /// The query as it was sent, without `?`.
    pub query: Option<&'a str>,
    /// The value of the `Authorization` header, of whatever scheme.
    pub authorization: Option<&'a str>,
    /// The body, if its media type is `application/x-www-form-urlencoded`.
    pub form_body: Option<&'a [u8]>,
    /// The body of any other type, for `oauth_body_hash`. None is an empty one.
    pub body_other: Option<&'a [u8]>,
}

impl fmt::Debug for SignedRequest<'_> {
    /// Method and path: credentials and what a user typed stand in the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedRequest({} {})", self.method, self.path)
    }
}
