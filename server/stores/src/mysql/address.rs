//! `mysql://user:password@host:port/database?sslmode=…`: what the driver needs, what we decide, and what may be shown.

use std::path::PathBuf;
use std::time::Duration;

use mysql_async::{Opts, OptsBuilder, PoolConstraints, PoolOpts, SslOpts, UrlError};

use crate::failure::Failure;
use crate::parameters::{self, Parameters};

/// A row that is not there is not locked: the key that another inserts meanwhile is refused as a duplicate, and the group begins again.
/// Values that do not fit are refused, never cut. Who waits for a lock gives up before its caller does.
const SESSION: [&str; 3] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION innodb_lock_wait_timeout = 5",
];

/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 256;

/// A URL, read.
pub(super) struct Address {
    options: OptsBuilder,
    pub(super) readers: usize,
    pub(super) writers: usize,
    /// The URL without its password and parameters.
    pub(super) shown: String,
}

impl Address {
    /// Reads what follows the scheme.
    ///
    /// # Errors
    /// [`Failure::Unusable`] that says what is wrong and repeats neither user nor password.
    pub(super) fn read(address: &str) -> Result<Address, Failure> {
        let (place, query) = address.split_once('?').unwrap_or((address, ""));
        let own = Parameters::read(query)?;
        let options = Opts::from_url(&format!("mysql:{place}?{}", own.others.join("&"))).map_err(|error| refused(&error))?;
        let database = options.db_name().ok_or_else(|| parameters::refused("it names no database"))?;
        let user = options.user().map(|user| format!("{user}@")).unwrap_or_default();
        let shown = format!("mysql://{user}{}:{}/{database}", options.ip_or_hostname(), options.tcp_port());
        let encrypted = own.encrypted(options.socket().is_some() || parameters::is_local(options.ip_or_hostname()));
        let tls = if encrypted { Some(tls(own.authorities()?)) } else { None };
        let options = OptsBuilder::from_opts(options)
            .ssl_opts(tls)
            .setup(SESSION.map(str::to_owned).to_vec())
            .stmt_cache_size(STATEMENTS)
            .tcp_keepalive(Some(Duration::from_secs(10)))
            .prefer_socket(false);
        Ok(Address { options, readers: own.readers(), writers: own.writers(), shown })
    }

    /// Options for at most so many connections.
    pub(super) fn options(&self, most: usize) -> Opts {
        let constraints = PoolConstraints::new(0, most).unwrap_or_default();
        // A reset between uses would forget what is prepared; transactions end before a connection goes back.
        let pool = PoolOpts::default().with_constraints(constraints).with_reset_connection(false);
        self.options.clone().pool_opts(pool).into()
    }
}

/// TLS that checks certificate and name. The driver takes the provider of the process, which has to be one: ours.
fn tls(authorities: PathBuf) -> SslOpts {
    // Refused when there is one already.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    SslOpts::default().with_root_certs(vec![authorities.into()]).with_disable_built_in_roots(true)
}

fn refused(error: &UrlError) -> Failure {
    parameters::refused(&match error {
        UrlError::UnknownParameter { param } => format!("there is no parameter `{param}`"),
        // The value may be a secret in the wrong place.
        UrlError::InvalidParamValue { param, .. } => format!("the value of `{param}` is not possible"),
        _ => "it cannot be read".to_owned(),
    })
}
