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

impl<'a> SignedRequest<'a> {
    /// A request of this absolute URI in the parts that are signed, byte for byte, with nothing else in it; `None` for a URI that is
    /// none of `http` or `https`, or names a user.
    ///
    /// ```
    /// use keyhook_core::oauth1::SignedRequest;
    /// let request = SignedRequest::at("HTTPS://api.example:8443/a%2Fb?c=d#e").unwrap();
    /// assert_eq!((request.scheme, request.authority), ("https", "api.example:8443"));
    /// assert_eq!((request.path, request.query), ("/a%2Fb", Some("c=d")));
    /// assert!(SignedRequest::at("/photos").is_none() && SignedRequest::at("https://me@api.example/").is_none());
    /// ```
    pub fn at(uri: &'a str) -> Option<SignedRequest<'a>> {
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
        let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
        let fits = !authority.is_empty() && !authority.contains('@');
        fits.then_some(SignedRequest { method: "", scheme, authority, path, query, authorization: None, form_body: None, body_other: None })
    }
}

impl fmt::Debug for SignedRequest<'_> {
    /// Method and path: credentials and what a user typed stand in the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedRequest({} {})", self.method, self.path)
    }
}
