//! A server that listens: its addresses, its reload, its end.

use std::net::SocketAddr;
use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_edge::management::Management;
use keyhook_edge::serve::Workers;
use keyhook_edge::{Listeners, Shutdown, Tls};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::admin::{AdminSocket, SOCKET};
use crate::config::{Config, Mode, TlsDecision};
use crate::failure::{Exit, Failure};
use crate::health::StoreHealth;
use crate::live::Inner;
use crate::server::start_failure;
use crate::{certificates, notify, purge};

/// A server that serves. Dropping it without [`Running::stop`] ends it without waiting for what it is answering.
pub struct Running {
    pub(crate) inner: Arc<Inner>,
    edge: keyhook_edge::Server,
    management: Option<keyhook_edge::Server>,
    admin: Option<AdminSocket>,
    background: Background,
}

/// What ends with the server, however it ends.
struct Background {
    tasks: Vec<JoinHandle<()>>,
    edges: Vec<Shutdown>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.edges.iter().for_each(Shutdown::end);
    }
}

impl Running {
    pub(crate) async fn start(inner: Arc<Inner>, listeners: Listeners, workers: usize) -> Result<Running, Failure> {
        let config = inner.config();
        let failed = |error| start_failure(&error, config.mode);
        let management = config.management.listen.map(management).transpose()?;
        let tls = tls(&config)?;
        inner.set_tls(tls.clone());
        let admin = match config.data() {
            Some(data) => Some(AdminSocket::listen(&data.join(SOCKET), Arc::new(inner.desk())).await?),
            None => None,
        };
        let place = if workers == 0 { Workers::Here } else { Workers::Threads(workers) };
        let edge = keyhook_edge::Server::start(listeners, &inner.application, tls.clone(), place).map_err(failed)?;
        let health = Arc::new(StoreHealth(inner.foundation.records.clone()));
        let metrics = Arc::clone(&inner.foundation.metrics);
        let management =
            management.map(|listeners| Management::start(listeners, health, metrics, edge.shutdown())).transpose().map_err(failed)?;
        let purged = Arc::clone(&inner);
        let mut tasks = vec![tokio::spawn(purge::run(move || purged.context()))];
        tasks.extend(tls.map(|tls| tokio::spawn(certificates::watch(tls))));
        let edges = std::iter::once(&edge).chain(&management).map(keyhook_edge::Server::shutdown).collect();
        let background = Background { tasks, edges };
        tracing::info!(event = "started", issuer = inner.issuer.as_str(), addresses = ?edge.addresses(), "serving");
        Ok(Running { inner, edge, management, admin, background })
    }

    /// The addresses that are listened on, with the ports that were taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.edge.addresses()
    }

    /// The addresses of the management listener; none when it is off.
    pub fn management_addresses(&self) -> &[SocketAddr] {
        self.management.as_ref().map_or(&[], keyhook_edge::Server::addresses)
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        self.inner.issuer.as_str()
    }

    /// What endpoints reach at present.
    pub fn context(&self) -> Arc<Context> {
        self.inner.context()
    }

    /// Reads configuration, certificates and plugins again; requests that are being answered keep what they began with.
    /// Answers with the keys that need a restart to take effect.
    ///
    /// # Errors
    /// What is wrong; then everything runs on as it was.
    pub async fn reload(&self) -> Result<Vec<String>, Failure> {
        self.inner.reload().await
    }

    /// Stops accepting, lets requests finish within `drain_timeout`, writes out logs and stores. Returns whether all requests
    /// finished in time.
    pub async fn stop(mut self) -> bool {
        let drain = self.inner.config().server.drain_timeout;
        drop(self.admin.take());
        let finished = self.edge.stop(drain).await;
        if let Some(management) = self.management {
            management.stop(std::time::Duration::from_millis(100)).await;
        }
        tracing::info!(event = "stopped", finished, "stopped");
        drop(self.background);
        self.inner.foundation.close().await;
        finished
    }

    /// Serves until SIGTERM or SIGINT; SIGHUP reloads, and ends a development server.
    pub(crate) async fn until_signal(self, signals: Signals) {
        let Signals { mut term, mut interrupt, mut hangup } = signals;
        notify::tell("READY=1");
        loop {
            tokio::select! {
                _ = term.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => {
                    if self.inner.config().mode == Mode::Dev {
                        // Its terminal was closed; a service would be told to reload.
                        break;
                    }
                    notify::tell("RELOADING=1");
                    // The finding is in the log; what runs goes on.
                    let _ = self.reload().await;
                    notify::tell("READY=1");
                }
            }
        }
        notify::tell("STOPPING=1");
        tokio::select! {
            _ = self.stop() => {}
            // Asked a second time: now.
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Binds the management listener; its way out is another one than that of the public address.
fn management(address: SocketAddr) -> Result<Listeners, Failure> {
    Listeners::bind(&[address], 1).map_err(|error| {
        Failure::bracketed("KH0102", Exit::Failed, &error.to_string())
            .help("set `listen` in [management], or KEYHOOK_MANAGEMENT__LISTEN=127.0.0.1:9081, or \"off\"")
    })
}

/// What ends or reloads a server. Listened for from before it starts, so that a signal that comes early is not lost.
pub(crate) struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals, Failure> {
        Ok(Signals { term: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())?, hangup: on(SignalKind::hangup())? })
    }
}

fn on(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new("KH0150", Exit::Failed, format!("signals cannot be received: {error}")))
}

fn tls(config: &Config) -> Result<Option<Arc<Tls>>, Failure> {
    let TlsDecision::Files(files) = &config.server.tls else { return Ok(None) };
    let tls = Tls::load(&files.cert, &files.key).map_err(|error| start_failure(&error, config.mode))?;
    Ok(Some(Arc::new(tls)))
}
