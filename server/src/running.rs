//! A server that listens: its addresses, its reload, its end.

use std::net::SocketAddr;
use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_edge::management::Management;
use keyhook_edge::serve::Workers;
use keyhook_edge::{Shutdown, Tls};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::admin::{AdminSocket, SOCKET};
use crate::config::{Config, Mode, TlsDecision};
use crate::failure::{Exit, Failure};
use crate::health::StoreHealth;
use crate::live::Inner;
use crate::server::{Sockets, start_failure};
use crate::service::Service;
use crate::succession::{Handover, Launch};
use crate::{certificates, notify, purge};

/// A server that serves. Dropping it without [`Running::stop`] ends it without waiting for what it is answering.
pub struct Running {
    pub(crate) inner: Arc<Inner>,
    edge: keyhook_edge::Server,
    management: Option<keyhook_edge::Server>,
    admin: Option<AdminSocket>,
    handover: Arc<Handover>,
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
    /// Serves. With `takes_over` another process serves on the same sockets still, and its admin socket is replaced last.
    pub(crate) async fn start(
        inner: Arc<Inner>,
        sockets: Sockets,
        workers: usize,
        launch: Option<Launch>,
        takes_over: bool,
    ) -> Result<Running, Failure> {
        let config = inner.config();
        let failed = |error| start_failure(&error, config.mode);
        let handed_on = if config.data().is_some() { sockets.duplicates()? } else { Vec::new() };
        let handover = Arc::new(Handover::new(launch, handed_on));
        let Sockets { public: listeners, management } = sockets;
        let tls = tls(&config)?;
        inner.set_tls(tls.clone());
        let path = config.data().map(|data| data.join(SOCKET));
        let mut admin = match &path {
            Some(path) => Some(AdminSocket::listen(path, inner.desk(), Arc::clone(&handover), takes_over).await?),
            None => None,
        };
        let place = if workers == 0 { Workers::Here } else { Workers::Threads(workers) };
        let edge = keyhook_edge::Server::start(listeners, &inner.application, tls.clone(), place).map_err(failed)?;
        let health = Arc::new(StoreHealth(inner.foundation.records.clone()));
        let metrics = Arc::clone(&inner.foundation.metrics);
        let management =
            management.map(|listeners| Management::start(listeners, health, metrics, edge.shutdown())).transpose().map_err(failed)?;
        if let (Some(admin), Some(path)) = (&mut admin, &path) {
            admin.publish(path)?;
        }
        let purged = Arc::clone(&inner);
        let mut tasks = vec![tokio::spawn(purge::run(move || purged.context()))];
        tasks.extend(tls.map(|tls| tokio::spawn(certificates::watch(tls))));
        let edges = std::iter::once(&edge).chain(&management).map(keyhook_edge::Server::shutdown).collect();
        let background = Background { tasks, edges };
        tracing::info!(event = "started", issuer = inner.issuer.as_str(), addresses = ?edge.addresses(), "serving");
        Ok(Running { inner, edge, management, admin, handover, background })
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

    /// This server as a service, which an API of the same program asks without a socket: `keyhook_guard::InProcess::new(service)`.
    pub fn service(&self) -> Service {
        Service::beside(Arc::clone(&self.inner))
    }

    /// What endpoints reach at present.
    pub fn context(&self) -> Arc<Context> {
        self.inner.context()
    }

    #[cfg(test)]
    pub(crate) async fn succeeded(&self) -> u32 {
        self.handover.succeeded().await
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
        self.handover.let_go();
        if let Some(admin) = self.admin.take() {
            admin.finish().await;
        }
        // A stopping server says that it is not ready. Where another one serves, that one answers, and for both.
        if self.handover.is_done() {
            stop_management(self.management.take()).await;
        }
        let finished = self.edge.stop(drain).await;
        stop_management(self.management.take()).await;
        tracing::info!(event = "stopped", finished, "stopped");
        drop(self.background);
        self.inner.foundation.close().await;
        finished
    }

    /// Serves until SIGTERM or SIGINT, or until another process serves in its place; SIGHUP reloads, and ends a development server,
    /// SIGUSR2 restarts.
    pub(crate) async fn until_signal(self, signals: Signals) {
        let Signals { mut term, mut interrupt, mut hangup, mut restart } = signals;
        notify::tell("READY=1");
        let state = loop {
            tokio::select! {
                process = self.handover.succeeded() => break format!("MAINPID={process}"),
                _ = term.recv() => break "STOPPING=1".to_owned(),
                _ = interrupt.recv() => break "STOPPING=1".to_owned(),
                _ = restart.recv() => {
                    let handover = Arc::clone(&self.handover);
                    tokio::spawn(async move {
                        if let Err(failure) = handover.restart().await {
                            tracing::error!(event = "refused", code = failure.code(), "no restart: {failure}");
                        }
                    });
                }
                _ = hangup.recv() => {
                    if self.inner.config().mode == Mode::Dev {
                        // Its terminal was closed; a service would be told to reload.
                        break "STOPPING=1".to_owned();
                    }
                    notify::tell("RELOADING=1");
                    // The finding is in the log; what runs goes on.
                    let _ = self.reload().await;
                    notify::tell("READY=1");
                }
            }
        };
        notify::tell(&state);
        tokio::select! {
            _ = self.stop() => {}
            // Asked a second time: now.
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

async fn stop_management(management: Option<keyhook_edge::Server>) {
    if let Some(management) = management {
        management.stop(std::time::Duration::from_millis(100)).await;
    }
}

/// What ends or reloads a server. Listened for from before it starts, so that a signal that comes early is not lost.
pub(crate) struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
    restart: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals, Failure> {
        Ok(Signals {
            term: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
            restart: on(SignalKind::user_defined2())?,
        })
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
