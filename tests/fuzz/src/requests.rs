//! Requests as endpoints get them, made from lines: the request line without version, then header fields.

use std::net::{IpAddr, Ipv4Addr};

use http::request::Parts;
use http::{HeaderName, HeaderValue};
use keyhook_component::request::Request;

/// The head that `METHOD target` and `name: value` lines describe; `None` if HTTP has no such head.
pub fn head(data: &[u8]) -> Option<Parts> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = http::Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(halves.next()?).ok()?;
        request = request.header(name, HeaderValue::from_bytes(halves.next()?.trim_ascii()).ok()?);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

/// A request with these header fields and this body, past the edge.
pub fn request(fields: &[(&'static str, &[u8])], body: &[u8]) -> Option<Request> {
    let mut request = http::Request::builder().method("POST").uri("/token");
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_bytes(value).ok()?);
    }
    let parts = request.body(()).ok()?.into_parts().0;
    Some(Request {
        id: "fuzz".into(),
        method: parts.method,
        path: "/token".to_owned(),
        query: String::new(),
        headers: parts.headers,
        body: body.to_vec().into(),
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        scheme: "http",
        host: "localhost".to_owned(),
        path_parameters: Vec::new(),
    })
}
