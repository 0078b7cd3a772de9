//! The token of a request: from the `Authorization` header and from nowhere else (RFC 6750 §2.1).
//!
//! RFC 6750 names two more places. A token in the query ends in logs, histories and `Referer` headers (§2.3 tells to avoid it, RFC
//! 9700 §4.3.2 forbids it); one in the form body (§2.2) would make the guard read bodies, which belong to the application.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use keyhook_core::Secret;
use keyhook_core::authorization_header::{is_scheme, split};

use crate::refused::Refused;

/// Longer tokens are refused unread, bytes. A JWT with many claims has two or three thousand.
const LONGEST: usize = 16 * 1024;

/// The token of a request; `None` where there are no credentials, or those of a scheme that has nothing to do with OAuth.
///
/// # Errors
/// [`Refused::Malformed`] as [`from_headers`], and where a request names a token in its query as well (RFC 6750 §2).
/// [`Refused::Anonymous`] as [`from_headers`].
pub fn from_parts(parts: &Parts) -> Result<Option<Secret<String>>, Refused> {
    let token = from_headers(&parts.headers)?;
    let query = parts.uri.query().unwrap_or_default();
    if token.is_some() && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token") {
        return Err(Refused::Malformed("there is a token in the Authorization header and one in the query; only the header counts"));
    }
    Ok(token)
}

/// The same from the headers alone.
///
/// # Errors
/// [`Refused::Malformed`] for two `Authorization` headers and for a header that is not `Bearer` and one token.
/// [`Refused::Anonymous`] for credentials of OAuth that this guard does not read (`OAuth`, `DPoP`, `MAC`): a rule for callers
/// without OAuth must not let them pass.
pub fn from_headers(headers: &HeaderMap) -> Result<Option<Secret<String>>, Refused> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Refused::Malformed("there is more than one Authorization header"));
    }
    of_value(value)
}

fn of_value(value: &HeaderValue) -> Result<Option<Secret<String>>, Refused> {
    let value = value.as_bytes();
    if ["OAuth", "DPoP", "MAC"].iter().any(|scheme| is_scheme(value, scheme)) {
        return Err(Refused::Anonymous);
    }
    if !is_scheme(value, "Bearer") {
        return Ok(None);
    }
    match split(value) {
        Some((_, token)) if is_token(token) => Ok(Some(Secret::new(token.to_owned()))),
        _ => Err(Refused::Malformed("the Authorization header is not the word Bearer, a space and one token")),
    }
}

/// `b64token` (RFC 6750 §2.1): 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && text.len() <= LONGEST && body.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&[u8]]) -> Result<Option<String>, Refused> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        from_headers(&headers).map(|token| token.map(Secret::into_inner))
    }

    /// RFC 6750 §2.1; RFC 9110 §11.1: schemes are compared without regard to case.
    #[test]
    fn the_token_is_what_follows_the_scheme() {
        assert_eq!(of(&[]), Ok(None));
        for value in ["Bearer mF_9.B5f-4.1JqM", "bearer mF_9.B5f-4.1JqM", "BEARER   mF_9.B5f-4.1JqM"] {
            assert_eq!(of(&[value.as_bytes()]), Ok(Some("mF_9.B5f-4.1JqM".to_owned())));
        }
        assert_eq!(of(&[b"Bearer a+/~=="]), Ok(Some("a+/~==".to_owned())));
    }

    /// RFC 6750 §3.1: `invalid_request` for a malformed request and for more than one method.
    #[test]
    fn a_malformed_header_and_a_second_one_are_refused() {
        let long = format!("Bearer {}", "a".repeat(LONGEST + 1));
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a,b",
            "Bearer \"a\"",
            "Bearer =",
            "Bearer a=b",
            "Bearer a\tb",
            "Bearer \u{e9}",
            &long,
        ] {
            assert!(matches!(of(&[wrong.as_bytes()]), Err(Refused::Malformed(_))), "{wrong}");
        }
        assert!(matches!(of(&[b"Bearer a", b"Bearer a"]), Err(Refused::Malformed(_))));
        assert!(matches!(of(&[b"Basic YTpi", b"Bearer a"]), Err(Refused::Malformed(_))));
    }

    /// repoze.who answered 500 to a Basic header.
    #[test]
    fn credentials_of_another_kind_are_none_of_ours_and_those_of_oauth_are_not_passed_over() {
        assert_eq!(of(&[b"Basic YTpi"]), Ok(None));
        assert_eq!(of(&[b"Bearerish a"]), Ok(None));
        assert_eq!(of(&[b""]), Ok(None));
        for scheme in ["OAuth realm=\"x\"", "DPoP abc", "oauth", "mac id=1"] {
            assert_eq!(of(&[scheme.as_bytes()]), Err(Refused::Anonymous), "{scheme}");
        }
    }

    /// RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token".
    #[test]
    fn a_token_in_the_query_is_never_read_and_beside_a_header_is_an_error() {
        let parts = |uri: &str, header: Option<&str>| {
            let mut request = http::Request::get(uri);
            if let Some(value) = header {
                request = request.header(AUTHORIZATION, value);
            }
            request.body(()).unwrap().into_parts().0
        };
        assert!(from_parts(&parts("/photos?access_token=a", None)).unwrap().is_none());
        assert!(from_parts(&parts("/photos?x=1", Some("Bearer a"))).unwrap().is_some());
        for query in ["access_token=a", "x=1&access%5Ftoken=a"] {
            assert!(matches!(from_parts(&parts(&format!("/photos?{query}"), Some("Bearer a"))), Err(Refused::Malformed(_))));
        }
    }
}
