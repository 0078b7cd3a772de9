//! What must fit together across sections: issuer, TLS and mode.

use keyhook_component::record::Group;
use keyhook_core::issuer::{Issuer, IssuerError};

use super::diagnostic::Spot;
use super::reader::Section;
use super::sections::group_name;
use super::text::Origin;
use super::{Config, Mode, TlsDecision};

/// Applies every rule; findings go to the report of `top`.
pub(crate) fn apply(config: &mut Config, top: &Section<'_>) {
    let server = top.section("server");
    config.issuer = issuer(config, &server);
    tls(config, &server);
    proxies(config, &server);
    stores(config, &top.section("store"));
    if config.mode == Mode::Serve && config.keys.master_files.is_empty() {
        let label = "add `master_file = \"/etc/keyhook/master.key\"` to [keys] and make the file with `keyhook key generate /etc/keyhook/master.key`";
        top.report.refuse("KH0601", "no master key is configured", None, label);
    }
}

fn issuer(config: &Config, server: &Section<'_>) -> Option<Issuer> {
    let Some(text) = config.server.issuer.as_deref() else {
        if config.mode == Mode::Serve {
            let label =
                "add `issuer = \"https://login.example\"` to [server]: the address that clients know, without a path unless you need one";
            server.report.refuse("KH1009", "no issuer is configured", None, label);
        }
        return None;
    };
    match Issuer::parse(text) {
        Ok(issuer) => Some(issuer),
        Err(IssuerError::InsecureHttp) => {
            let label = "use https (a proxy may end it: `tls = \"behind_proxy\"`); http is for localhost, 127.0.0.1 and [::1]";
            server.refuse("KH1011", "issuer", format!("the issuer {text} is neither https nor loopback"), label);
            None
        }
        Err(error) => {
            server.refuse("KH1007", "issuer", format!("`{text}` cannot be an issuer"), error.to_string());
            None
        }
    }
}

fn tls(config: &Config, server: &Section<'_>) {
    match &config.server.tls {
        TlsDecision::Undecided if config.mode == Mode::Serve => {
            let label =
                "add to [server] one of: tls = { cert = \"…\", key = \"…\" } · tls = \"behind_proxy\" · tls = \"off\" (loopback only)";
            server.report.refuse("KH1010", "nothing says who ends TLS", None, label);
        }
        TlsDecision::Off => {
            let https = config.server.issuer.as_deref().is_some_and(|issuer| issuer.starts_with("https:"));
            if https {
                server.refuse("KH1011", "tls", "the issuer is https, but TLS is off", "if a proxy ends TLS write tls = \"behind_proxy\"");
            }
            if let Some(address) = config.server.listen.iter().find(|address| !address.ip().is_loopback()) {
                let spot = Spot::value_of(&server.origin("listen")).or_else(|| Spot::value_of(&server.origin("tls")));
                let label = "listen on 127.0.0.1 and [::1], or decide for TLS";
                server.report.refuse("KH1011", format!("TLS is off, and {address} is open to the network"), spot, label);
            }
        }
        TlsDecision::Files(_) if config.server.issuer.as_deref().is_some_and(|issuer| issuer.starts_with("http:")) => {
            server.refuse("KH1011", "tls", "the issuer is http, but TLS is on", "write the issuer with https");
        }
        _ => {}
    }
}

/// A proxy on this machine needs no listing; any other must be named, or its `X-Forwarded-Proto` would not be believed and every
/// page would answer that it was reached over http.
fn proxies(config: &mut Config, server: &Section<'_>) {
    let unsaid = matches!(server.origin("trusted_proxies"), Origin::Default);
    if config.server.tls != TlsDecision::BehindProxy || !unsaid {
        return;
    }
    if config.server.listen.iter().all(|address| address.ip().is_loopback()) {
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned(), "::1".to_owned()];
        return;
    }
    let label = "list it: trusted_proxies = [\"10.0.0.5\"] in [server]; only its X-Forwarded-* headers are believed";
    let spot = Spot::value_of(&server.origin("tls"));
    server.report.refuse("KH1012", "TLS ends in a proxy elsewhere, and nothing says which one", spot, label);
}

/// What is known of a store without opening it: memory keeps nothing, so production cannot put there what must be kept.
fn stores(config: &Config, section: &Section<'_>) {
    for group in [Group::Directory, Group::Once] {
        if config.mode == Mode::Serve && config.store.of(group).scheme == "memory" {
            let name = group_name(group);
            let key = if config.store.groups.contains_key(&group) { name } else { "url" };
            let label = "name a durable store, such as \"sqlite:keyhook.db\"";
            section.refuse("KH1008", key, format!("the group `{name}` cannot live in memory, which forgets when the server ends"), label);
        }
    }
}
