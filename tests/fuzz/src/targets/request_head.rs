//! The head of a request at the edge (RFC 9112 §3.2, §6.1): one host, a path, plain framing, and an address that a stranger cannot choose.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, header};
use keyhook_component::system::Random;
use keyhook_edge::{Limits, Peer, TrustedProxies, intake};

use crate::parts::Reader;
use crate::requests::head;

struct Sevens;

impl Random for Sevens {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

/// An input is a byte that says who is trusted, and a head in lines.
pub fn check(data: &[u8]) {
    let mut reader = Reader::new(data);
    let choice = reader.byte();
    let Some(parts) = head(reader.rest()) else { return };
    let trusted = choice & 1 == 1;
    let proxies = TrustedProxies::parse(if trusted { &["127.0.0.1", "10.0.0.0/8"][..] } else { &["192.0.2.1"] }.iter().copied()).unwrap();
    let peer = Peer { address: "127.0.0.1".parse().unwrap(), tls: choice & 2 == 2 };
    let limits = Limits { head_fields: 16, ..Limits::default() };
    let taken = intake::request(parts.clone(), peer, &proxies, &limits, &Sevens);
    let plain = plain(&parts, &limits);
    assert_eq!(taken.is_ok(), plain, "{:?}", taken.err());
    let Ok(request) = taken else { return };
    assert_eq!((request.path.as_str(), request.query.as_str()), (parts.uri.path(), parts.uri.query().unwrap_or_default()));
    assert!(is_authority(&request.host) && (8..=64).contains(&request.id.len()));
    assert!(request.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    if trusted {
        assert_eq!(request.client_ip, client(&parts.headers).unwrap_or(peer.address), "{:?}", parts.headers);
    } else {
        let own = parts.headers.get(header::HOST).map_or(parts.uri.authority().map_or("", |own| own.as_str()), |host| host.to_str().unwrap());
        assert!(request.host.eq_ignore_ascii_case(own));
        assert_eq!((request.client_ip, request.scheme), (peer.address, if peer.tls { "https" } else { "http" }));
    }
}

/// Whether the head may pass, read a second time.
fn plain(parts: &Parts, limits: &Limits) -> bool {
    let count = |name: header::HeaderName| parts.headers.get_all(name).iter().count();
    let host = parts.headers.get(header::HOST).map(|host| host.to_str().map_err(drop));
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    let host = match (target, host) {
        (None, Some(Ok(host))) => host,
        (Some(target), None) => target,
        (Some(target), Some(Ok(host))) if target.eq_ignore_ascii_case(host) => target,
        // None at all, one that is no text, or two that differ.
        (None, None) | (_, Some(_)) => return false,
    };
    let coding = parts.headers.get(header::TRANSFER_ENCODING);
    parts.headers.len() <= limits.head_fields
        && count(header::HOST) <= 1
        && is_authority(host)
        && count(header::TRANSFER_ENCODING) <= 1
        && coding.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        && parts.uri.path().starts_with('/')
        && parts.uri.scheme_str().is_none_or(|scheme| scheme == "http" || scheme == "https")
}

/// `host`, `host:port`, `[v6]` or `[v6]:port` and nothing else.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rfind(':').filter(|at| !text[*at..].contains(']')) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let name = host.len() <= 253 && !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok());
    let digits = |port: &str| (1..=5).contains(&port.len()) && port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u32>().unwrap() <= 65535;
    (name || v6) && port.is_none_or(digits)
}

/// From the right of `X-Forwarded-For`, the first address that is not a proxy of ours; the last readable one if all are.
fn client(headers: &HeaderMap) -> Option<IpAddr> {
    let mut last = None;
    for line in headers.get_all("x-forwarded-for").iter().collect::<Vec<_>>().into_iter().rev() {
        let Ok(line) = line.to_str() else { return last };
        for element in line.split(',').rev() {
            let element = element.trim();
            let bare = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|inside| inside.parse().ok());
            let address = element.parse::<IpAddr>().ok().or_else(|| element.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
            let Some(address) = address.or(bare.map(IpAddr::V6)).map(|address| address.to_canonical()) else { return last };
            last = Some(address);
            let ours = address == IpAddr::from([127, 0, 0, 1]) || matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
            if !ours {
                return last;
            }
        }
    }
    last
}
