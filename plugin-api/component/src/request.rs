//! An HTTP request as endpoints, hooks and handlers see it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, AsHeaderName};
use http::{HeaderMap, Method};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;

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
    /// The form body.
    ///
    /// # Errors
    /// `invalid_request` when the content type is not `application/x-www-form-urlencoded` or the body is malformed.
    pub fn form(&self) -> Result<Form, OAuthError> {
        let form_type = self.header(header::CONTENT_TYPE).is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if !form_type {
            return Err(OAuthError::invalid_request("The body must be application/x-www-form-urlencoded"));
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
