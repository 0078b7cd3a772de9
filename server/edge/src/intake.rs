//! Makes hyper's request ours: one host, the client's address behind trusted proxies, an id; nothing is copied twice.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use keyhook_component::request::Request;
use keyhook_component::system::Random;

use crate::application::Peer;
use crate::authority::authority_of;
use crate::forwarded::{Hop, TrustedProxies, resolve};
use crate::limits::Limits;
use crate::request_id;

/// A request that is refused before it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// 400 or 431.
    pub status: StatusCode,
    /// What is wrong, for the client and the log.
    pub reason: &'static str,
}

/// Turns the head into a request without a body.
///
/// # Errors
/// [`Malformed`] when the request has no host, more than one, a malformed one, one that contradicts its target, a transfer
/// coding other than `chunked` (RFC 9112 §6.1), no path, or too many header fields.
pub fn request(
    parts: Parts,
    peer: Peer,
    proxies: &TrustedProxies,
    limits: &Limits,
    random: &(dyn Random + 'static),
) -> Result<Request, Malformed> {
    let bad = |reason| Malformed { status: StatusCode::BAD_REQUEST, reason };
    if parts.headers.len() > limits.head_fields {
        return Err(Malformed { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, reason: "the request has too many header fields" });
    }
    if !is_plainly_framed(&parts.headers) {
        return Err(bad("the transfer coding is not supported"));
    }
    let path = parts.uri.path();
    if !path.starts_with('/') || !matches!(parts.uri.scheme_str(), None | Some("http" | "https")) {
        return Err(bad("the request target is not a path"));
    }
    let address: IpAddr = peer.address.to_canonical();
    let authority = authority_of(&parts.uri, &parts.headers).map_err(bad)?;
    let direct = Hop { client_ip: address, scheme: if peer.tls { "https" } else { "http" }, authority };
    let hop = resolve(proxies, direct, &parts.headers);
    let given =
        if parts.headers.contains_key(request_id::HEADER) && proxies.trusts(address) { request_id::given(&parts.headers) } else { None };
    let (client_ip, scheme, host) = (hop.client_ip, hop.scheme, hop.authority.to_owned());
    Ok(Request {
        id: given.unwrap_or_else(|| request_id::fresh(random)),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        method: parts.method,
        headers: parts.headers,
        body: bytes::Bytes::new(),
        client_ip,
        scheme,
        host,
        path_parameters: Vec::new(),
    })
}

/// At most one `Transfer-Encoding`, and that is `chunked`: hyper also takes `gzip, chunked`, which nobody behind us would undo.
fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}
