//! What a protected resource says of itself (RFC 9728), and the service that says it.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use serde_json::{Map, Value, json};

use crate::setup::{SetupError, endpoint};

/// The metadata of one protected resource; serve it at [`ResourceMetadata::path`]. Clones share nothing but are small.
#[derive(Clone, Debug)]
pub struct ResourceMetadata {
    resource: Uri,
    members: Map<String, Value>,
}

/// The well-known place (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl ResourceMetadata {
    /// Metadata of the resource with this identifier, an https URL (RFC 9728 §1.2), whose tokens these authorization servers issue.
    ///
    /// # Errors
    /// `KH0705` for an identifier with a query or fragment, or that is not https; http is for loopback addresses.
    pub fn new<'a>(resource: &str, authorization_servers: impl IntoIterator<Item = &'a str>) -> Result<ResourceMetadata, SetupError> {
        let uri = endpoint("the resource's identifier", resource)?;
        if uri.query().is_some() || resource.contains('#') {
            return Err(SetupError::value("the resource's identifier", "it has a query or a fragment (RFC 9728 §1.2)"));
        }
        let mut members = Map::new();
        members.insert("resource".to_owned(), json!(resource));
        members.insert("authorization_servers".to_owned(), authorization_servers.into_iter().collect());
        // The other two places are not read, see `bearer`.
        members.insert("bearer_methods_supported".to_owned(), json!(["header"]));
        Ok(ResourceMetadata { resource: uri, members })
    }

    /// The scopes that the resource knows.
    #[must_use]
    pub fn scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> ResourceMetadata {
        self.member("scopes_supported", scopes.into_iter().collect())
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self, name: &str) -> ResourceMetadata {
        self.member("resource_name", json!(name))
    }

    /// Any other member, such as `resource_documentation` (RFC 9728 §2).
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> ResourceMetadata {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// The path to serve it at: the well-known place, before the identifier's own path (RFC 9728 §3.1).
    pub fn path(&self) -> String {
        let own = self.resource.path();
        format!("{WELL_KNOWN}{}", if own == "/" { "" } else { own })
    }

    /// The whole URL, for [`Guard::resource_metadata`](crate::Guard::resource_metadata).
    pub fn url(&self) -> String {
        let authority = self.resource.authority().map_or("", |authority| authority.as_str());
        format!("{}://{authority}{}", self.resource.scheme_str().unwrap_or("https"), self.path())
    }

    /// The document.
    pub fn json(&self) -> Bytes {
        Bytes::from(Value::Object(self.members.clone()).to_string())
    }

    /// The answer to a request; any page may read it.
    pub fn response<B: From<Bytes>>(&self, method: &Method) -> Response<B> {
        let get = *method == Method::GET;
        if !get && *method != Method::HEAD {
            let mut response = Response::new(B::from(Bytes::new()));
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let document = self.json();
        let length = HeaderValue::from(document.len());
        let mut response = Response::new(B::from(if get { document } else { Bytes::new() }));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_LENGTH, length);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

/// The same as a service, over any body: `Router::route_service(&metadata.path(), metadata)`.
#[cfg(feature = "tower")]
impl<B> tower_service::Service<http::Request<B>> for ResourceMetadata {
    type Response = Response<http_body_util::Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        std::future::ready(Ok(self.response(request.method())))
    }
}

#[cfg(feature = "hyper")]
impl<B> hyper::service::Service<http::Request<B>> for ResourceMetadata {
    type Response = Response<http_body_util::Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn call(&self, request: http::Request<B>) -> Self::Future {
        std::future::ready(Ok(self.response(request.method())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9728 §3.1: the well-known string is inserted between host and path.
    #[test]
    fn the_document_is_where_clients_look_for_it() {
        let of = |resource: &str| {
            let metadata = ResourceMetadata::new(resource, ["https://id.example"]).unwrap();
            (metadata.path(), metadata.url())
        };
        let place = "/.well-known/oauth-protected-resource";
        assert_eq!(of("https://api.example"), (place.to_owned(), format!("https://api.example{place}")));
        assert_eq!(of("https://api.example/"), of("https://api.example"));
        assert_eq!(of("https://api.example:444/v1"), (format!("{place}/v1"), format!("https://api.example:444{place}/v1")));
        for wrong in ["http://api.example", "https://api.example/?x", "https://api.example/#x", "api"] {
            assert!(ResourceMetadata::new(wrong, []).is_err(), "{wrong}");
        }
    }

    /// RFC 9728 §2, §3.2.
    #[test]
    fn the_document_says_who_issues_tokens_and_how_they_are_sent() {
        let metadata = ResourceMetadata::new("https://api.example", ["https://id.example"]).unwrap();
        let metadata = metadata.scopes(["read", "write"]).name("Photos");
        let response = metadata.response::<Bytes>(&Method::GET);
        assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, "application/json"));
        let document: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": "https://api.example", "authorization_servers": ["https://id.example"], "resource_name": "Photos",
                "scopes_supported": ["read", "write"], "bearer_methods_supported": ["header"],
            })
        );
        let head = metadata.response::<Bytes>(&Method::HEAD);
        assert_eq!(
            (head.body().len(), head.headers()["content-length"].to_str().unwrap()),
            (0, response.body().len().to_string().as_str())
        );
        let post = metadata.response::<Bytes>(&Method::POST);
        assert_eq!((post.status().as_u16(), post.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    }
}
