//! Connections: a pool for reading and one for writing, so that neither waits for the other.

use std::time::Duration;

use deadpool_postgres::{Client, Connect, Manager, ManagerConfig, Object, Pool, PoolConfig, RecyclingMethod, Runtime, Timeouts};
use keyhook_component::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::{failure, tls};
use crate::failure::Failure;

/// How long a look-up waits for a connection that others use.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a connection may take, pool included.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long an answer may take. Longer than the server's own limit on statements, which has the better words.
const ANSWER: Duration = Duration::from_secs(12);

/// Connections to one address.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    shown: String,
}

impl Connections {
    /// At most so many; none is made yet.
    ///
    /// # Errors
    /// When TLS is asked for and has nothing to check against.
    pub(super) fn new(address: &Address, most: usize) -> Result<Connections, Failure> {
        let tls = match &address.authorities {
            None => None,
            Some(authorities) => Some(MakeRustlsConnect::new(tls::client(authorities)?)),
        };
        let connect = OnHomeRuntime { home: Handle::current(), tls };
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let mut limits = PoolConfig::new(most);
        limits.timeouts = Timeouts { wait: Some(PATIENCE), create: Some(CONNECTING), recycle: Some(CONNECTING) };
        let pool = Pool::builder(Manager::from_connect(address.config.clone(), connect, config))
            .config(limits)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Failure::Unusable(format!("KH0467 no pool of connections: {error}")))?;
        Ok(Connections { pool, shown: address.shown.clone() })
    }

    /// A connection that nobody uses.
    pub(super) async fn get(&self) -> Result<Client, Failure> {
        self.pool.get().await.map_err(|error| failure::of_pool(&self.shown, &error))
    }

    /// What a question to the server answers, within its time. A connection that does not answer is not used again.
    pub(super) async fn ask<T>(&self, question: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Result<T, Failure> {
        let client = self.get().await?;
        if let Some(answer) = in_time(question(&client)).await {
            return answer.map_err(|error| failure::of(&self.shown, &error));
        }
        abandon(client);
        Err(failure::silent(&self.shown))
    }

    /// Ends all of them.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

/// Ends a connection in the middle of something; the server rolls back.
pub(super) fn abandon(client: Client) {
    drop(Object::take(client));
}

/// Waits for an answer within its time.
pub(super) async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(ANSWER, answer).await.ok()
}

/// Connections live on the runtime that opened the store, not on that of whoever needed one first: that may end earlier.
struct OnHomeRuntime {
    home: Handle,
    tls: Option<MakeRustlsConnect>,
}

type Connected = Result<(tokio_postgres::Client, JoinHandle<()>), Error>;

impl Connect for OnHomeRuntime {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Connected> {
        let (config, tls) = (config.clone(), self.tls.clone());
        Box::pin(async move {
            let connecting = self.home.spawn(connect(config.clone(), tls.clone()));
            match connecting.await {
                Ok(connected) => connected,
                // That runtime is ending, and with it whoever still asks.
                Err(_) => connect(config, tls).await,
            }
        })
    }
}

async fn connect(config: Config, tls: Option<MakeRustlsConnect>) -> Connected {
    // The end of a connection is noticed by whoever uses it next.
    if let Some(tls) = tls {
        let (client, connection) = config.connect(tls).await?;
        return Ok((client, tokio::spawn(async move { drop(connection.await) })));
    }
    let (client, connection) = config.connect(NoTls).await?;
    Ok((client, tokio::spawn(async move { drop(connection.await) })))
}
