//! Who the client is when proxies stand between: their headers are believed from listed addresses only.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

use crate::authority::is_authority;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";

/// Addresses and networks whose `X-Forwarded-*` and `X-Request-Id` headers are believed. Empty by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Reads a list such as `["10.0.0.0/8", "::1"]`.
    ///
    /// # Errors
    /// The entry that is neither an address nor a network.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<TrustedProxies, String> {
        entries.into_iter().map(|entry| entry.parse().map_err(|()| entry.to_owned())).collect::<Result<_, _>>().map(TrustedProxies)
    }

    /// Whether an address is listed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// How a request reached the first proxy, or us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop<'a> {
    pub(crate) client_ip: IpAddr,
    pub(crate) scheme: &'static str,
    pub(crate) authority: &'a str,
}

/// Replaces what a trusted proxy vouches for. Headers from anybody else are not looked at.
pub(crate) fn resolve<'a>(proxies: &TrustedProxies, peer: Hop<'a>, headers: &'a HeaderMap) -> Hop<'a> {
    if proxies.0.is_empty() || !proxies.trusts(peer.client_ip) {
        return peer;
    }
    let mut hop = peer;
    hop.client_ip = client_ip(proxies, hop.client_ip, headers);
    match last_element(headers, PROTO) {
        Some(proto) if proto.eq_ignore_ascii_case("https") => hop.scheme = "https",
        Some(proto) if proto.eq_ignore_ascii_case("http") => hop.scheme = "http",
        _ => {}
    }
    if let Some(authority) = last_element(headers, HOST).filter(|host| is_authority(host)) {
        hop.authority = authority;
    }
    hop
}

/// The rightmost hop that is not a listed proxy: everything to its left was written by a stranger.
fn client_ip(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer;
    for line in headers.get_all(FOR).iter().rev() {
        let Ok(line) = line.to_str() else { return client };
        for element in line.rsplit(',') {
            let Some(address) = address_of(element.trim()) else { return client };
            client = address;
            if !proxies.trusts(address) {
                return client;
            }
        }
    }
    client
}

fn address_of(element: &str) -> Option<IpAddr> {
    let parsed = element.parse().or_else(|_| element.parse::<std::net::SocketAddr>().map(|address| address.ip())).ok();
    parsed.or_else(|| element.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|address: IpAddr| address.to_canonical())
}

fn last_element<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

#[derive(Clone, Copy, Debug)]
struct Network {
    base: u128,
    bits: u32,
    v6: bool,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        let (value, width) = number(address);
        if self.v6 != (width == 128) {
            return false;
        }
        let shift = width - self.bits;
        shift == width || value >> shift == self.base >> shift
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Network, ()> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let (base, width) = number(address.parse().map_err(|_| ())?);
        let bits = bits.map_or(Ok(width), str::parse).map_err(|_| ())?;
        if bits > width { Err(()) } else { Ok(Network { base, bits, v6: width == 128 }) }
    }
}

fn number(address: IpAddr) -> (u128, u32) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn hop_of(peer: &str, headers: &[(&'static str, &str)]) -> (String, &'static str, String) {
        let proxies = TrustedProxies::parse(["10.0.0.0/8", "::1"]).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let peer = Hop { client_ip: peer.parse().unwrap(), scheme: "http", authority: "inner" };
        let hop = resolve(&proxies, peer, &map);
        (hop.client_ip.to_string(), hop.scheme, hop.authority.to_owned())
    }

    #[test]
    fn headers_of_a_stranger_are_not_believed() {
        let sent = [(FOR, "1.2.3.4"), (PROTO, "https"), (HOST, "id.example")];
        assert_eq!(hop_of("192.0.2.1", &sent), ("192.0.2.1".into(), "http", "inner".into()));
        assert_eq!(hop_of("10.1.2.3", &sent), ("1.2.3.4".into(), "https", "id.example".into()));
    }

    #[test]
    fn the_client_is_the_rightmost_hop_that_is_no_proxy() {
        assert_eq!(hop_of("10.0.0.1", &[(FOR, "6.6.6.6, 1.2.3.4, 10.9.9.9")]).0, "1.2.3.4");
        assert_eq!(hop_of("10.0.0.1", &[(FOR, "6.6.6.6"), (FOR, "1.2.3.4:5678")]).0, "1.2.3.4");
        assert_eq!(hop_of("::1", &[(FOR, "[2001:db8::1]:99")]).0, "2001:db8::1");
        assert_eq!(hop_of("10.0.0.1", &[(FOR, "nonsense, 10.2.2.2")]).0, "10.2.2.2");
        assert_eq!(hop_of("10.0.0.1", &[]).0, "10.0.0.1");
    }

    #[test]
    fn a_malformed_forwarded_host_or_scheme_changes_nothing() {
        let (_, scheme, authority) = hop_of("10.0.0.1", &[(PROTO, "gopher"), (HOST, "a b")]);
        assert_eq!((scheme, authority.as_str()), ("http", "inner"));
    }

    #[test]
    fn a_list_entry_that_is_no_network_is_named() {
        assert_eq!(TrustedProxies::parse(["10.0.0.0/33"]).unwrap_err(), "10.0.0.0/33");
        assert_eq!(TrustedProxies::parse(["proxy.example"]).unwrap_err(), "proxy.example");
        assert!(TrustedProxies::parse(["0.0.0.0/0"]).unwrap().trusts("9.9.9.9".parse().unwrap()));
        assert!(!TrustedProxies::parse(["::/0"]).unwrap().trusts("9.9.9.9".parse().unwrap()));
        assert!(TrustedProxies::parse(["10.0.0.0/8"]).unwrap().trusts("::ffff:10.0.0.7".parse().unwrap()));
    }
}
