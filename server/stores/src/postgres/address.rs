//! `postgres://user:password@host:port/database?sslmode=…`: what the driver needs, what we decide, and what may be shown.

use std::path::PathBuf;
use std::time::Duration;

use keyhook_component::registry::StoreSource;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::failure;
use crate::failure::Failure;
use crate::parameters::{self, Parameters};

/// How long a connection may take, unless the URL says otherwise (`connect_timeout`, in seconds).
const CONNECT: Duration = Duration::from_secs(5);

/// How long a peer may leave what was sent unacknowledged before the connection counts as dead.
const SILENCE: Duration = Duration::from_secs(10);

/// Index scans whatever the statistics say: a plan made while a table was small must still be right when it is large. Statements
/// end before a caller's patience does, and a transaction that a dead node left open does not hold its locks.
const SESSION: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan \
    -c jit=off -c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000";

/// A URL, read.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    /// For TLS: the file of the authorities that the server's certificate is checked against.
    pub(super) authorities: Option<PathBuf>,
    /// Connections for look-ups and listings.
    pub(super) readers: usize,
    /// Transactions at a time.
    pub(super) writers: usize,
    /// The URL without its password and parameters.
    pub(super) shown: String,
}

impl Address {
    /// Reads what follows the scheme.
    ///
    /// # Errors
    /// [`Failure::Unusable`] that says what is wrong and repeats neither user nor password.
    pub(super) fn read(source: &StoreSource) -> Result<Address, Failure> {
        let (place, query) = source.address.split_once('?').unwrap_or((&source.address, ""));
        let own = Parameters::read(query)?;
        let url = format!("postgres:{place}?{}", own.others.join("&"));
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| parameters::refused(&failure::chain(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(parameters::refused("it names no host"));
        }
        let encrypted = own.encrypted(is_local(&config));
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
            authorities: if encrypted { Some(own.authorities()?) } else { None },
            readers: own.readers(),
            writers: own.writers(),
            config,
        })
    }
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => parameters::is_local(name),
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
