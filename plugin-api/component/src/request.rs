//! An HTTP request as endpoints, hooks and handlers see it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, AsHeaderName};
use http::{HeaderMap, Method};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::kh;

/// Most parameters a form or a query may have.
pub const MAX_PARAMETERS: usize = 256;

/// A request whose body has been read, bounded.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id, in every log line and error page.
    pub id: Arc<str>,
    /// The method.
    pub method: Method,
    /// The path as sent, never normalized.
    pub path: String,
    /// The query as sent, without `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The client's address, after trusted proxies.
    pub client_ip: IpAddr,
    /// The scheme the browser used, after trusted proxies: `http` or `https`.
    pub scheme: &'static str,
    /// The host the browser used, after trusted proxies, as in `Host`.
    pub host: String,
    /// What the route's path pattern matched.
    pub path_parameters: Vec<(String, String)>,
}

impl Request {
    /// Whether the body is said to be a form, `application/x-www-form-urlencoded`.
    pub fn is_form(&self) -> bool {
        self.header(header::CONTENT_TYPE).is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// The form body.
    ///
    /// # Errors
    /// `invalid_request` when the content type is not `application/x-www-form-urlencoded` or the body is malformed.
    pub fn form(&self) -> Result<Form, OAuthError> {
        if !self.is_form() {
            let error = OAuthError::invalid_request("The body must be application/x-www-form-urlencoded");
            return Err(error.with_kh(kh::CONTENT_TYPE));
        }
        Ok(Form::parse(&self.body, MAX_PARAMETERS)?)
    }

    /// The query as a form.
    ///
    /// # Errors
    /// `invalid_request` when it is malformed.
    pub fn query_form(&self) -> Result<Form, OAuthError> {
        Ok(Form::parse(self.query.as_bytes(), MAX_PARAMETERS)?)
    }

    /// The only value of a header, as text; `None` when it is absent, repeated or not visible ASCII.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The value of a cookie; the first one when the browser sent several of the name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';')).find_map(
            |pair| {
                let (key, value) = pair.trim().split_once('=')?;
                (key == name).then_some(value)
            },
        )
    }

    /// Whether the caller prefers JSON over HTML.
    pub fn wants_json(&self) -> bool {
        let accept = self.header(header::ACCEPT).unwrap_or_default();
        accept.contains("application/json") && !accept.contains("text/html")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 6749 appendix B.
    #[test]
    fn a_body_that_is_no_form_is_refused_with_a_code() {
        let mut request = Request {
            id: "r1".into(),
            method: Method::POST,
            path: "/token".to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"a=1"),
            client_ip: IpAddr::from([127, 0, 0, 1]),
            scheme: "http",
            host: "localhost".to_owned(),
            path_parameters: Vec::new(),
        };
        for other in [None, Some("application/json"), Some("multipart/form-data"), Some("")] {
            if let Some(value) = other {
                request.headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            }
            let error = request.form().unwrap_err();
            assert_eq!((error.code.wire(), error.kh), ("invalid_request", kh::CONTENT_TYPE), "{other:?}");
        }
        request.headers.insert(header::CONTENT_TYPE, "application/X-www-form-urlencoded; charset=utf-8".parse().unwrap());
        assert_eq!(request.form().unwrap().first("a"), Some("1"));
    }
}
