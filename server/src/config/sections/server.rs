//! `[server]` and `[management]`: issuer, addresses, TLS, proxies, limits.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::diagnostic::Spot;
use crate::config::reader::{Section, quoted, quoted_list, text_of, texts_of};
use crate::config::tree::{Node, Value};

/// Certificate and key, PEM; read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Who ends TLS. `serve` wants it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsDecision {
    /// Nothing was said.
    Undecided,
    /// Nobody: only for loopback issuers.
    Off,
    /// A proxy in front.
    BehindProxy,
    /// We do.
    Files(TlsFiles),
}

/// `[server]`.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) issuer: Option<String>,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) tls: TlsDecision,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) workers: u32,
    pub(crate) data: PathBuf,
    pub(crate) drain_timeout: Duration,
    pub(crate) limits: Limits,
}

/// `[server.limits]`: what a stranger may take.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) connections: u32,
    pub(crate) requests: u32,
    pub(crate) head: u64,
    pub(crate) body: u64,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl Server {
    pub(crate) fn read(section: Section<'_>) -> Server {
        let server = Server {
            issuer: section.text("issuer", None),
            listen: section.read("listen", vec![SocketAddr::from(([127, 0, 0, 1], 8080))], addresses, |list| shown_list(list)),
            tls: section.read("tls", TlsDecision::Undecided, tls, show_tls),
            trusted_proxies: section.read("trusted_proxies", Vec::new(), networks, |list: &Vec<String>| quoted_list(list)),
            workers: section.count("workers", 0, 0..=1024),
            data: PathBuf::from(section.text("data", Some("/var/lib/keyhook")).unwrap_or_default()),
            drain_timeout: section.duration("drain_timeout", 10 * SECOND, Duration::ZERO..=600 * SECOND),
            limits: Limits::read(section.section("limits")),
        };
        section.finish(false);
        server
    }
}

const SECOND: Duration = Duration::from_secs(1);

impl Limits {
    fn read(section: Section<'_>) -> Limits {
        let time = |key, default: u32| section.duration(key, default * SECOND, SECOND..=600 * SECOND);
        let limits = Limits {
            connections: section.count("connections", 20_000, 16..=1_000_000),
            requests: section.count("requests", 2048, 16..=1_000_000),
            head: section.size("head", 16 << 10, (8 << 10)..=(1 << 20)),
            body: section.size("body", 64 << 10, (4 << 10)..=(64 << 20)),
            header_timeout: time("header_timeout", 10),
            body_timeout: time("body_timeout", 20),
            write_timeout: time("write_timeout", 20),
            idle_timeout: time("idle_timeout", 60),
        };
        section.finish(false);
        limits
    }
}

/// `[management]`: where health and metrics answer; `None` when switched off.
#[derive(Clone, Debug)]
pub(crate) struct Management {
    pub(crate) listen: Option<SocketAddr>,
}

impl Management {
    pub(crate) fn read(section: Section<'_>, default: Option<SocketAddr>) -> Management {
        let parse = |node: &Node| match text_of(node)? {
            "off" => Ok(None),
            text => address(text).map(Some),
        };
        let show = |listen: &Option<SocketAddr>| listen.map_or_else(|| quoted("off"), |address| quoted(&address.to_string()));
        let listen = section.read("listen", default, parse, show);
        if let Some(address) = listen.filter(|address| !address.ip().is_loopback()) {
            let message = format!("the management listener {address} is not a loopback address");
            let spot = Spot::value_of(&section.origin("listen"));
            section.report.refuse(
                "KH1014",
                message,
                spot,
                "it answers without authentication: use 127.0.0.1 and let the scraper come there",
            );
        }
        section.finish(false);
        Management { listen }
    }
}

/// `127.0.0.1:8080`, `[::1]:8080`, or `:8080` for every address.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix(':') {
        return port.parse().map(|port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).map_err(|_| address_rule());
    }
    text.parse().map_err(|_| address_rule())
}

fn address_rule() -> String {
    "expected an address with a port, such as \"127.0.0.1:8080\", \"[::1]:8080\" or \":8080\" for every address".to_owned()
}

fn addresses(node: &Node) -> Result<Vec<SocketAddr>, String> {
    let list = texts_of(node)?;
    if list.is_empty() {
        return Err("at least one address is needed".to_owned());
    }
    list.iter().map(|text| address(text)).collect()
}

fn shown_list(list: &[SocketAddr]) -> String {
    quoted_list(&list.iter().map(SocketAddr::to_string).collect::<Vec<_>>())
}

fn tls(node: &Node) -> Result<TlsDecision, String> {
    match &node.value {
        Value::String(text) if text == "off" => Ok(TlsDecision::Off),
        Value::String(text) if text == "behind_proxy" => Ok(TlsDecision::BehindProxy),
        Value::Table(table) => {
            if let Some(other) = table.keys().find(|key| !matches!(key.as_str(), "cert" | "key")) {
                return Err(format!("unknown key `{other}`: a TLS table has `cert` and `key`"));
            }
            let file = |key: &str| table.get(key).ok_or_else(|| format!("`{key}` is missing: a TLS table names `cert` and `key`"));
            Ok(TlsDecision::Files(TlsFiles { cert: text_of(file("cert")?)?.into(), key: text_of(file("key")?)?.into() }))
        }
        _ => Err("expected \"off\", \"behind_proxy\" or { cert = \"…\", key = \"…\" }".to_owned()),
    }
}

fn show_tls(tls: &TlsDecision) -> String {
    match tls {
        TlsDecision::Undecided => "(not set)".to_owned(),
        TlsDecision::Off => quoted("off"),
        TlsDecision::BehindProxy => quoted("behind_proxy"),
        TlsDecision::Files(files) => {
            format!("{{ cert = {}, key = {} }}", quoted(&files.cert.to_string_lossy()), quoted(&files.key.to_string_lossy()))
        }
    }
}

fn networks(node: &Node) -> Result<Vec<String>, String> {
    let list = texts_of(node)?;
    match list.iter().find(|text| !is_network(text)) {
        Some(wrong) => Err(format!("`{wrong}` is no address or network, such as \"10.0.0.1\" or \"10.0.0.0/8\"")),
        None => Ok(list),
    }
}

fn is_network(text: &str) -> bool {
    let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
    let Ok(ip) = ip.parse::<IpAddr>() else { return false };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}
