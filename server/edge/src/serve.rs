//! Accepts connections, on the caller's runtime or on one single-threaded runtime per worker, and stops gracefully.
//!
//! Workers share nothing on the way of a request but the application: each has its own sockets, timers and run queue, which is
//! 8–20 % faster than one runtime with several threads. Code that runs inside must not call `tokio::task::block_in_place`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::application::Application;
use crate::connection::{self, Site, Wire};
use crate::error::StartError;
use crate::gate::{Gate, Pass};
use crate::limits::Limits;
use crate::listen::{BACKLOG, Listeners};
use crate::metrics::{Metrics, Turned};
use crate::shutdown::Shutdown;
use crate::tls::Tls;

/// How often a stopping server looks whether all are gone.
const GLANCE: Duration = Duration::from_millis(5);

/// Where connections are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// On the runtime of the caller.
    Here,
    /// On so many threads, each with a runtime of its own; best as many as processors. Bind the [`Listeners`] for as many.
    Threads(usize),
}

/// A listening server.
pub struct Server {
    wire: Arc<Wire>,
    addresses: Vec<SocketAddr>,
    threads: Vec<thread::JoinHandle<()>>,
    application: Option<Arc<Application>>,
}

impl Server {
    /// Serves the application on the listeners.
    ///
    /// # Errors
    /// [`StartError::Worker`] when a thread or its runtime cannot be made, [`StartError::Bind`] when a socket is not usable.
    pub fn start(
        listeners: Listeners,
        application: &Arc<Application>,
        tls: Option<Arc<Tls>>,
        workers: Workers,
    ) -> Result<Server, StartError> {
        let connections = Gate::new(affordable(application.limits.connections), application.metrics.connections.clone());
        let wire = Wire::new(Arc::clone(&application.limits), Arc::clone(&application.metrics), connections, tls);
        let mut server = Server::start_site(listeners, application, wire, workers)?;
        server.application = Some(Arc::clone(application));
        Ok(server)
    }

    pub(crate) fn start_site<S: Site>(listeners: Listeners, site: &S, wire: Wire, workers: Workers) -> Result<Server, StartError> {
        let addresses = listeners.addresses().to_vec();
        let mut server = Server { wire: Arc::new(wire), addresses, threads: Vec::new(), application: None };
        let started = match workers {
            Workers::Here => listeners.per_worker.into_iter().flatten().try_for_each(|socket| {
                let socket =
                    TcpListener::from_std(socket).map_err(|source| StartError::Bind { address: "a bound socket".to_owned(), source })?;
                tokio::spawn(accept(socket, Accepting::begin(&server.wire), site.clone()));
                Ok(())
            }),
            Workers::Threads(_) => listeners.per_worker.into_iter().enumerate().try_for_each(|(index, sockets)| {
                server.threads.push(worker(index, sockets, Arc::clone(&server.wire), site.clone()).map_err(StartError::Worker)?);
                Ok(())
            }),
        };
        if started.is_err() {
            // The workers that did start must not go on alone.
            server.wire.shutdown.end();
        }
        started.map(|()| server)
    }

    /// The addresses that are listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The state of stopping, to be shown by readiness checks.
    pub fn shutdown(&self) -> Shutdown {
        self.wire.shutdown.clone()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.wire.connections.count()
    }

    /// Stops accepting, lets requests finish, and ends what is left at the deadline. Returns whether all finished in time.
    pub async fn stop(self, deadline: Duration) -> bool {
        let begun = Instant::now();
        self.wire.shutdown.drain();
        let busy = || {
            self.wire.accepting.load(Ordering::Acquire) > 0
                || self.wire.connections.count() > 0
                || self.application.as_ref().is_some_and(|application| application.in_flight() > 0)
        };
        while busy() && begun.elapsed() < deadline {
            sleep(GLANCE).await;
        }
        let finished = !busy();
        self.wire.shutdown.end();
        for thread in self.threads {
            // A worker ends within a glance and its runtime's own grace.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        finished
    }
}

fn worker<S: Site>(index: usize, sockets: Vec<std::net::TcpListener>, wire: Arc<Wire>, site: S) -> io::Result<thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sockets = {
        let _inside = runtime.enter();
        let own = |socket| Ok((TcpListener::from_std(socket)?, Accepting::begin(&wire)));
        sockets.into_iter().map(own).collect::<io::Result<Vec<_>>>()?
    };
    thread::Builder::new().name(format!("http-{index}")).spawn(move || {
        runtime.block_on(async {
            for (socket, accepting) in sockets {
                tokio::spawn(accept(socket, accepting, site.clone()));
            }
            wire.shutdown.draining().await;
            // Connections and detached answers run here until `stop` says that they are done or that time is up.
            while !wire.shutdown.is_ending() {
                sleep(GLANCE).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
    })
}

/// A socket that is accepted from. A stop waits until there is none: whoever was accepted last is counted by then.
struct Accepting(Arc<Wire>);

impl Accepting {
    fn begin(wire: &Arc<Wire>) -> Accepting {
        wire.accepting.fetch_add(1, Ordering::AcqRel);
        Accepting(Arc::clone(wire))
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.accepting.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn accept<S: Site>(listener: TcpListener, accepting: Accepting, site: S) {
    let wire = &accepting.0;
    let mut pause = Duration::ZERO;
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            () = wire.shutdown.draining() => break,
        };
        match accepted {
            Ok((stream, remote)) => {
                pause = Duration::ZERO;
                let Some((stream, pass)) = admit(stream, wire).await else { return };
                tokio::spawn(connection::serve(stream, remote, site.clone(), Arc::clone(wire), pass));
            }
            Err(error) if is_exhaustion(&error) => {
                wire.metrics.turn_away(Turned::NoConnection);
                if pause.is_zero() {
                    tracing::warn!(event = "accept", code = "KH0142", %error, "cannot accept connections; raise the descriptor limit");
                }
                // Accepting fails at once while nothing is free: without a pause this loop would take a whole processor.
                pause = (pause * 2).clamp(Duration::from_millis(20), Duration::from_secs(1));
                sleep(pause).await;
            }
            // The client gave up before it was accepted; the next one is nothing to do with it.
            Err(error) => tracing::debug!(event = "accept", %error, "a connection was gone before it was accepted"),
        }
    }
    accept_queued(listener, wire, &site).await;
}

/// Serves what waits in the kernel's queue when the stop is heard: it would be reset with the socket. The runtime may not have heard
/// of it yet, so the socket itself is asked.
async fn accept_queued<S: Site>(listener: TcpListener, wire: &Arc<Wire>, site: &S) {
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..BACKLOG {
        let Ok((stream, remote)) = listener.accept() else { return };
        let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) else { continue };
        let Some((stream, pass)) = admit(stream, wire).await else { return };
        tokio::spawn(connection::serve(stream, remote, site.clone(), Arc::clone(wire), pass));
    }
}

/// Waits for a place among the connections; `None` when the server's time is up. Others wait in the kernel's queue meanwhile.
async fn admit(stream: TcpStream, wire: &Wire) -> Option<(TcpStream, Pass)> {
    let mut counted = false;
    loop {
        if let Some(pass) = wire.connections.enter() {
            return Some((stream, pass));
        }
        if !counted {
            counted = true;
            wire.metrics.turn_away(Turned::NoConnection);
        }
        if wire.shutdown.is_ending() {
            return None;
        }
        sleep(GLANCE).await;
    }
}

fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.iter().any(|errno| errno.raw_os_error() == code))
}

/// Raises the descriptor limit as far as the system lets us, and keeps an eighth of it for files, stores and outgoing calls.
fn affordable(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let Some(current) = current.and_then(|current| usize::try_from(current).ok()) else { return wanted };
    wanted.min(current - current / 8).max(16)
}

/// Makes the wire of a listener that is not the application's.
pub(crate) fn plain_wire(limits: Limits, metrics: Arc<Metrics>) -> Wire {
    let connections = Gate::new(limits.connections, prometheus_client::metrics::gauge::Gauge::default());
    Wire::new(Arc::new(limits), metrics, connections, None)
}
