//! A configured server, before it runs: start it, run it to its end, or mount it in somebody else's.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use keyhook_builtin::BuiltinPages;
use keyhook_component::fail_point;
use keyhook_component::system::{Clock, Random};
use keyhook_core::client::Client;
use keyhook_core::issuer::Issuer;
use keyhook_core::secret::Secret;
use keyhook_edge::{Application, Listeners, StartError, TrustedProxies};
use keyhook_host::Probe;

use crate::admin::SOCKET;
use crate::builder::Builder;
use crate::config::{Config, Layers, Limits, Mode};
use crate::dev;
use crate::failure::{Exit, Failure};
use crate::foundation::Foundation;
use crate::live::Inner;
use crate::plugins::{self, Host};
use crate::running::{Running, Signals};
use crate::service::Service;
use crate::succession::{Launch, Predecessor};
use crate::{generation, seed, succession};

/// A server whose configuration has been checked.
pub struct Server {
    pub(crate) layers: Layers,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) clients: Vec<Client>,
    pub(crate) users: Vec<(String, Secret<String>)>,
    pub(crate) dev: Option<Arc<dev::Status>>,
    pub(crate) probe: Probe,
    /// Worker threads where the configuration names none; 0 serves on the caller's runtime.
    pub(crate) default_workers: usize,
    /// How a process like this one is started; absent where keyhook is part of another program.
    pub(crate) launch: Option<Launch>,
    /// Whether a server that runs on the same data folder hands its sockets over.
    pub(crate) takes_over: bool,
}

impl Server {
    /// Starts with the defaults; see the example at the crate's root.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Checks the layers of a command.
    pub(crate) fn from_layers(layers: Layers) -> Result<Server, Failure> {
        let config = Config::load(layers.clone())?;
        Ok(Server {
            layers,
            config,
            clock: Arc::new(crate::system::SystemClock),
            random: Arc::new(crate::system::SystemRandom),
            clients: Vec::new(),
            users: Vec::new(),
            dev: None,
            probe: plugins::own_probe(),
            default_workers: processors(),
            launch: None,
            takes_over: false,
        })
    }

    /// Binds, opens, loads and serves; it goes on in the background until [`Running::stop`]. Needs a tokio runtime.
    ///
    /// # Errors
    /// When an address is taken, or a store, key or plugin cannot be used; nothing runs then.
    pub async fn start(self) -> Result<Running, Failure> {
        let data = self.config.data().filter(|_| self.takes_over).map(|data| data.join(SOCKET));
        let found = match data {
            Some(path) => blocking(move || Predecessor::find(&path)).await??,
            None => None,
        };
        let Some((predecessor, sockets)) = found else {
            let mut inherited = if self.launch.is_some() { succession::activated()? } else { Vec::new() };
            let sockets = Sockets::bind(&self.config, self.workers(), &mut inherited)?;
            succession::refuse_strangers(&inherited)?;
            return self.start_on(sockets, false).await;
        };
        let result = self.start_in_place_of(sockets).await;
        let told = result.as_ref().map(drop).map_err(Failure::clone);
        blocking(move || match told {
            Ok(()) => predecessor.serves(),
            Err(failure) => predecessor.failed(&failure),
        })
        .await?;
        result
    }

    /// Starts on the sockets of a server that still serves on them, and goes on doing so if this fails.
    async fn start_in_place_of(self, mut inherited: Vec<TcpListener>) -> Result<Running, Failure> {
        fail_point!("succession.sockets_taken");
        let sockets = Sockets::bind(&self.config, self.workers(), &mut inherited)?;
        for address in inherited.iter().filter_map(|socket| socket.local_addr().ok()) {
            tracing::warn!(%address, "the server before this one listened there, and the configuration does not name the address any more");
        }
        drop(inherited);
        let running = self.start_on(sockets, true).await?;
        fail_point!("succession.before_the_word");
        Ok(running)
    }

    async fn start_on(self, sockets: Sockets, takes_over: bool) -> Result<Running, Failure> {
        let (workers, launch) = (self.workers(), self.launch.clone());
        let issuer = self.issuer(sockets.public.addresses())?;
        let inner = self.open(issuer, takes_over).await?;
        Running::start(inner, sockets, workers, launch, takes_over).await
    }

    /// Runs until SIGTERM or SIGINT, on a runtime of its own; SIGHUP reloads.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn run(self) -> Result<(), Failure> {
        self.run_then(|_| {})
    }

    /// Runs, and calls `started` once it serves.
    pub(crate) fn run_then(mut self, started: impl FnOnce(&Running)) -> Result<(), Failure> {
        if self.default_workers == 0 {
            self.default_workers = processors();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("no runtime can be started: {error}")))?;
        let result = runtime.block_on(async {
            let signals = Signals::listen()?;
            let running = self.start().await?;
            started(&running);
            running.until_signal(signals).await;
            Ok(())
        });
        // A plugin that hangs must not keep the process.
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        result
    }

    /// Opens everything but listens nowhere: the result answers requests in somebody else's hyper, tower or axum. The issuer
    /// must be configured. Needs a tokio runtime.
    ///
    /// # Errors
    /// When a store, key or plugin cannot be used.
    pub async fn into_service(self) -> Result<Service, Failure> {
        let issuer = self.issuer(&[])?;
        let inner = self.open(issuer, false).await?;
        Ok(Service::new(inner))
    }

    async fn open(self, issuer: Issuer, takes_over: bool) -> Result<Arc<Inner>, Failure> {
        let foundation = Foundation::lay(&self.config, self.clock, self.random, !takes_over).await?;
        for client in self.clients {
            // Boxed, for a client is large and lives in several states of the future.
            Box::pin(seed::client(client, &foundation)).await?;
        }
        for (name, password) in &self.users {
            seed::user(name, password.expose(), &foundation).await?;
        }
        let pages = Arc::new(BuiltinPages::new(&issuer));
        let host = Host::new(&self.config, issuer.as_str(), &foundation, pages, self.probe);
        let generation = generation::build(&self.config, &issuer, &foundation, &host, self.dev.as_ref()).await?;
        let proxies = TrustedProxies::parse(self.config.server.trusted_proxies.iter().map(String::as_str)).map_err(|entry| {
            Failure::new("KH1005", Exit::Configuration, format!("`{entry}` in trusted_proxies is no address or network"))
        })?;
        let limits = limits(&self.config.server.limits, self.config.mode);
        let application = Application::new(generation.live, limits, proxies, Arc::clone(&foundation.metrics));
        Ok(Inner::new(self.layers, self.config, issuer, foundation, host, application, generation.plugins, self.dev))
    }

    /// The configured issuer, or in development that of the port that was bound.
    fn issuer(&self, addresses: &[SocketAddr]) -> Result<Issuer, Failure> {
        if let Some(issuer) = &self.config.issuer {
            return Ok(issuer.clone());
        }
        let port = addresses.first().map(SocketAddr::port);
        let derived =
            port.filter(|_| self.config.mode == Mode::Dev).and_then(|port| Issuer::parse(&format!("http://localhost:{port}")).ok());
        derived.ok_or_else(|| {
            Failure::new("KH1009", Exit::Configuration, "no issuer is configured")
                .help("set it: `issuer` in [server], --issuer, or Builder::issuer")
        })
    }

    fn workers(&self) -> usize {
        match usize::try_from(self.config.server.workers) {
            Ok(0) | Err(_) => self.default_workers,
            Ok(workers) => workers,
        }
    }
}

/// What a server listens on.
pub(crate) struct Sockets {
    pub(crate) public: Listeners,
    pub(crate) management: Option<Listeners>,
}

impl Sockets {
    /// Binds what the configuration names, but for what is inherited.
    fn bind(config: &Config, workers: usize, inherited: &mut Vec<TcpListener>) -> Result<Sockets, Failure> {
        let public = bind(config, workers.max(1), inherited)?;
        let management = config.management.listen.map(|address| management(address, inherited)).transpose()?;
        Ok(Sockets { public, management })
    }

    /// Further descriptors of all of them.
    pub(crate) fn duplicates(&self) -> Result<Vec<OwnedFd>, Failure> {
        let all = [Some(&self.public), self.management.as_ref()].into_iter().flatten().map(Listeners::duplicates);
        let all: std::io::Result<Vec<_>> = all.collect();
        all.map(|all| all.into_iter().flatten().collect())
            .map_err(|error| Failure::new("KH0102", Exit::Failed, format!("a listening socket cannot be kept: {error}")))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failure::new("KH0171", Exit::Failed, "talking to the server before this one ended in a panic"))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Binds the addresses; in development a machine without `::1` is no error.
fn bind(config: &Config, workers: usize, inherited: &mut Vec<TcpListener>) -> Result<Listeners, Failure> {
    let addresses = &config.server.listen;
    let result = match Listeners::take(addresses, workers, inherited) {
        Err(StartError::Bind { address, source }) if config.mode == Mode::Dev && address.starts_with("[::1]") => {
            tracing::info!(%source, "this machine has no ::1; only 127.0.0.1 is listened on");
            let others: Vec<_> = addresses.iter().copied().filter(SocketAddr::is_ipv4).collect();
            Listeners::bind(&others, workers)
        }
        other => other,
    };
    result.map_err(|error| start_failure(&error, config.mode))
}

/// Binds the management listener; its way out is another one than that of the public address.
fn management(address: SocketAddr, inherited: &mut Vec<TcpListener>) -> Result<Listeners, Failure> {
    Listeners::take(&[address], 1, inherited).map_err(|error| {
        Failure::bracketed("KH0102", Exit::Failed, &error.to_string())
            .help("set `listen` in [management], or KEYHOOK_MANAGEMENT__LISTEN=127.0.0.1:9081, or \"off\"")
    })
}

/// An error of the edge, with the flag that helps.
pub(crate) fn start_failure(error: &StartError, mode: Mode) -> Failure {
    let exit = match error {
        StartError::Bind { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => Exit::NotPermitted,
        StartError::TlsFile { .. } | StartError::TlsPem { .. } | StartError::TlsPair { .. } => Exit::Configuration,
        _ => Exit::Failed,
    };
    let failure = Failure::bracketed("KH0102", exit, &error.to_string());
    match (error, mode) {
        (StartError::Taken { .. }, Mode::Dev) => {
            failure.help("keyhook dev --port 8081 (the port is never changed silently: it is part of the issuer)")
        }
        (StartError::Taken { .. }, Mode::Serve) => failure.help("keyhook serve --listen 127.0.0.1:8081, or `listen` in [server]"),
        _ => failure,
    }
}

fn limits(limits: &Limits, mode: Mode) -> keyhook_edge::Limits {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    keyhook_edge::Limits {
        header_deadline: limits.header_timeout,
        idle_deadline: limits.idle_timeout,
        // Whoever ends a development server waits for nobody.
        linger: if mode == Mode::Dev { Duration::ZERO } else { keyhook_edge::Limits::default().linger },
        body_deadline: limits.body_timeout,
        write_deadline: limits.write_timeout,
        head_bytes: size(limits.head),
        body_bytes: size(limits.body),
        connections: size(limits.connections.into()),
        in_flight: size(limits.requests.into()),
        ..keyhook_edge::Limits::default()
    }
}

#[cfg(test)]
mod tests;
