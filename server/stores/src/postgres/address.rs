//! `postgres://user:password@host:port/database?sslmode=…`: what the driver needs, what we decide, and what may be shown.

use std::path::PathBuf;
use std::time::Duration;

use keyhook_component::registry::StoreSource;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::failure;
use crate::failure::Failure;

/// How long a connection may take, unless the URL says otherwise (`connect_timeout`, in seconds).
const CONNECT: Duration = Duration::from_secs(5);

/// How long a peer may leave what was sent unacknowledged before the connection counts as dead.
const SILENCE: Duration = Duration::from_secs(10);

/// Index scans whatever the statistics say: a plan made while a table was small must still be right when it is large. Statements
/// end before a caller's patience does, and a transaction that a dead node left open does not hold its locks.
const SESSION: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan \
    -c jit=off -c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000";

const READERS: usize = 8;
const WRITERS: usize = 2;
const MOST: usize = 100;

/// Whether and how the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all: a Unix socket, this machine, or a network that is trusted (`sslmode=disable`).
    None,
    /// TLS; the certificate is checked against these authorities, those of the system if none are named, and against the name.
    Verified(Option<PathBuf>),
}

/// A URL, read.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
    /// Connections for look-ups and listings.
    pub(super) readers: usize,
    /// Transactions at a time.
    pub(super) writers: usize,
    /// The URL without its password and parameters.
    pub(super) shown: String,
}

/// Parameters that are not the driver's.
#[derive(Default)]
struct Own {
    encryption: Option<bool>,
    authorities: Option<PathBuf>,
    readers: Option<usize>,
    writers: Option<usize>,
}

impl Address {
    /// Reads what follows the scheme.
    ///
    /// # Errors
    /// [`Failure::Unusable`] that says what is wrong and repeats neither user nor password.
    pub(super) fn read(source: &StoreSource) -> Result<Address, Failure> {
        let (place, query) = source.address.split_once('?').unwrap_or((&source.address, ""));
        let mut own = Own::default();
        let mut others = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            if !own.read(parameter)? {
                others.push(parameter);
            }
        }
        let url = format!("postgres:{place}?{}", others.join("&"));
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| failure::url(&failure::chain(&error)))?;
        let local = is_local(&config);
        if config.get_hosts().is_empty() {
            return Err(failure::url("it names no host"));
        }
        let encrypted = own.encryption.unwrap_or(!local);
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("keyhook");
        }
        let commit = if source.durable { "on" } else { "off" };
        // What the URL says comes last and counts.
        let options = format!("{SESSION} -c synchronous_commit={commit} {}", config.get_options().unwrap_or_default());
        config.options(options);
        Ok(Address {
            shown: shown(&config),
            encryption: if encrypted { Encryption::Verified(own.authorities) } else { Encryption::None },
            readers: own.readers.unwrap_or(READERS),
            writers: own.writers.unwrap_or(WRITERS),
            config,
        })
    }
}

impl Own {
    /// Whether it was one of ours.
    fn read(&mut self, parameter: &str) -> Result<bool, Failure> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = percent_decode_str(value).decode_utf8_lossy();
        let count = || match value.parse() {
            Ok(count @ 1..=MOST) => Ok(Some(count)),
            _ => Err(failure::url(&format!("`{name}` is a number from 1 to {MOST}"))),
        };
        match name {
            "sslmode" => self.encryption = Some(encryption(&value)?),
            "sslrootcert" => self.authorities = Some(PathBuf::from(&*value)),
            "readers" => self.readers = count()?,
            "writers" => self.writers = count()?,
            "password" => return Err(failure::url("a password stands before the host, where it is never shown: user:password@host")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn encryption(mode: &str) -> Result<bool, Failure> {
    match mode {
        "disable" => Ok(false),
        "require" | "verify-full" => Ok(true),
        _ => Err(failure::url(
            "`sslmode` is `verify-full` (TLS, certificate and name are checked; `require` is the same here) or `disable`; modes that \
             fall back to plain text, or trust any certificate, are not offered",
        )),
    }
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    })
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", ports.get(index).or(ports.first()).copied().unwrap_or(5432)),
        Host::Unix(path) => path.display().to_string(),
    });
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgres://{user}{}/{database}", hosts.collect::<Vec<_>>().join(","))
}
