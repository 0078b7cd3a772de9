//! What the URL of a Redis store says: where it is, how to get in, and under which prefix keyhook's keys lie.

use keyhook_component::store::StoreError;
use redis::{ClientTlsConfig, TlsCertificates};

use crate::address::{Address, wrong};

/// Between one server and a cluster, in plain or over TLS: the scheme of the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sort {
    pub(super) cluster: bool,
    pub(super) tls: bool,
}

/// A URL that was understood. It may hold a password: no `Debug`.
pub(super) struct Settings {
    /// One URL per node, as the driver reads them.
    pub(super) nodes: Vec<String>,
    /// Where it is, for people.
    pub(super) shown: String,
    /// Before every key.
    pub(super) prefix: String,
    /// Whether the nodes are a cluster.
    pub(super) cluster: bool,
    /// What to trust and show, over TLS.
    pub(super) certificates: Option<TlsCertificates>,
}

impl Settings {
    /// Understands an address.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] that says what is wrong with it, without its password.
    pub(super) fn read(address: &str, sort: Sort) -> Result<Settings, StoreError> {
        let address = Address::parse(address, &["prefix", "ca", "cert", "key"])?;
        let prefix = address.option("prefix").unwrap_or("kh").to_owned();
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            return Err(wrong("`prefix` is letters, digits, `-`, `.` and `_`"));
        }
        if !sort.cluster && address.hosts.len() > 1 {
            return Err(wrong("several hosts are a cluster: write `redis+cluster://`"));
        }
        if sort.cluster && !address.database.is_empty() {
            return Err(wrong("a cluster has no numbered databases; use `?prefix=` to tell deployments apart"));
        }
        if !address.database.is_empty() && address.database.parse::<u32>().is_err() {
            return Err(wrong("the database is a number, as in `redis://127.0.0.1:6379/0`"));
        }
        let scheme = if sort.tls { "rediss" } else { "redis" };
        let user = address.user.map(|user| format!("{user}@")).unwrap_or_default();
        let nodes = address.hosts.iter().map(|host| format!("{scheme}://{user}{host}/{}", address.database)).collect();
        let certificates = if sort.tls { Some(certificates(&address)?) } else { None };
        Ok(Settings { nodes, shown: address.shown(), prefix, cluster: sort.cluster, certificates })
    }
}

/// `ca` replaces the system's list of authorities; `cert` and `key` are what the server may ask of its clients.
fn certificates(address: &Address<'_>) -> Result<TlsCertificates, StoreError> {
    let file = |name: &str| match address.option(name) {
        None => Ok(None),
        Some(path) => {
            std::fs::read(path).map(Some).map_err(|error| wrong(&format!("the file of `{name}`, {path}, cannot be read ({error})")))
        }
    };
    let client_tls = match (file("cert")?, file("key")?) {
        (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig { client_cert, client_key }),
        (None, None) => None,
        _ => return Err(wrong("`cert` and `key` come together")),
    };
    Ok(TlsCertificates { client_tls, root_cert: file("ca")? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    const ONE: Sort = Sort { cluster: false, tls: false };
    const CLUSTER: Sort = Sort { cluster: true, tls: false };

    #[test]
    fn a_url_becomes_those_of_its_nodes() {
        let one = Settings::read("//me:p%40ss@db:6379/2?prefix=a", ONE).unwrap();
        assert_eq!((one.nodes, one.prefix.as_str(), one.shown.as_str()), (vec!["redis://me:p%40ss@db:6379/2".to_owned()], "a", "db:6379"));
        let many = Settings::read("//:p@a:1,b:2", CLUSTER).unwrap();
        assert_eq!((many.nodes, many.prefix.as_str()), (vec!["redis://:p@a:1/".to_owned(), "redis://:p@b:2/".to_owned()], "kh"));
        assert!(many.certificates.is_none());
        assert!(Settings::read("//a", Sort { cluster: false, tls: true }).unwrap().nodes[0].starts_with("rediss://"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name_and_the_password_is_not_shown() {
        let refused = |address, sort, word: &str| {
            let error = Settings::read(address, sort).err().unwrap().to_string();
            assert!(error.contains(word) && error.contains("[KH0430]") && !error.contains("hush"), "{error}");
        };
        refused("//:hush@a:1,b:2", ONE, "redis+cluster");
        refused("//:hush@a:1/2", CLUSTER, "numbered databases");
        refused("//:hush@a:1/two", ONE, "number");
        refused("//:hush@a:1?prefix=a{b}", ONE, "prefix");
        refused("//:hush@a:1?cert=/nowhere", Sort { cluster: false, tls: true }, "/nowhere");
    }
}
