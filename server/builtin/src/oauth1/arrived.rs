//! Where a signed request came to, for the plugins that see it.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method};
use keyhook_component::request::Request;
use keyhook_core::oauth1::SignedRequest;

/// The request that plugins are shown. It is made only where one listens.
#[derive(Clone, Copy)]
pub(crate) enum Arrived<'a> {
    /// A request to the server: the signed one, or that of a resource server that hands it over.
    Here(&'a Request),
    /// The signed request itself, which came to an API in the server's process: without id, headers, body and address.
    Beside(&'a SignedRequest<'a>),
}

impl<'a> Arrived<'a> {
    /// As plugins know requests.
    pub(super) fn request(self) -> Cow<'a, Request> {
        match self {
            Self::Here(request) => Cow::Borrowed(request),
            Self::Beside(signed) => Cow::Owned(Request {
                id: "".into(),
                method: Method::from_bytes(signed.method.as_bytes()).unwrap_or_default(),
                path: signed.path.to_owned(),
                query: signed.query.unwrap_or_default().to_owned(),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                client_ip: std::net::Ipv4Addr::UNSPECIFIED.into(),
                scheme: if signed.scheme == "https" { "https" } else { "http" },
                host: signed.authority.to_owned(),
                path_parameters: Vec::new(),
            }),
        }
    }
}
