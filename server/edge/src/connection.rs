//! One connection from its first byte to its last: TLS, the choice of protocol, hyper with bounds, the graceful end.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::application::{Application, Peer};
use crate::gate::{Gate, Pass};
use crate::heads::Heads;
use crate::limits::Limits;
use crate::metrics::{Metrics, Turned};
use crate::shutdown::Shutdown;
use crate::sockets::Guarded;
use crate::tls::Tls;
use crate::watch::Watch;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What answers the requests of a listener.
pub(crate) trait Site: Clone + Send + Sync + 'static {
    /// Answers one.
    fn exchange(
        &self,
        request: http::Request<Incoming>,
        peer: Peer,
        watch: &Watch,
    ) -> impl Future<Output = http::Response<Full<Bytes>>> + Send;
}

impl Site for Arc<Application> {
    async fn exchange(&self, request: http::Request<Incoming>, peer: Peer, watch: &Watch) -> http::Response<Full<Bytes>> {
        Application::exchange(self, request, peer, Some(watch)).await
    }
}

/// What all connections of a listener share.
pub(crate) struct Wire {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) connections: Arc<Gate>,
    /// Sockets that are accepted from.
    pub(crate) accepting: AtomicUsize,
    pub(crate) shutdown: Shutdown,
    tls: Option<Arc<Tls>>,
}

impl Wire {
    pub(crate) fn new(limits: Arc<Limits>, metrics: Arc<Metrics>, connections: Arc<Gate>, tls: Option<Arc<Tls>>) -> Wire {
        let mut http1 = http1::Builder::new();
        // The header deadline is the socket's (see `watch`); hyper's would set a timer per request.
        // An answer is finished whether or not its client has gone (see `detach`), so nobody looks for the end of the connection while
        // one is made: that would be a system call and a buffer per request that waits for the store.
        http1.header_read_timeout(None).max_header_size(limits.head_bytes).max_buf_size(limits.head_bytes.max(8192)).half_close(true);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        let head = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(100)
            .max_header_list_size(head)
            .initial_stream_window_size(64 * 1024)
            .initial_connection_window_size(256 * 1024)
            .max_send_buf_size(64 * 1024);
        Wire { http1, http2, limits, metrics, connections, accepting: AtomicUsize::new(0), shutdown: Shutdown::default(), tls }
    }
}

/// Serves a connection until either side ends it. The pass is its place among the connections.
pub(crate) async fn serve<S: Site>(stream: TcpStream, remote: SocketAddr, site: S, wire: Arc<Wire>, pass: Pass) {
    // Small responses must not wait for the acknowledgment of earlier ones. A socket that refuses is served all the same.
    let _ = stream.set_nodelay(true);
    let watch = Watch::new(Arc::clone(&wire.limits), Arc::clone(&wire.connections), wire.shutdown.clone());
    let guarded = Guarded::new(stream, Arc::clone(&watch));
    let peer = Peer { address: remote.ip(), tls: wire.tls.is_some() };
    let opened = async {
        match &wire.tls {
            Some(tls) => tls.accept(guarded).await.map(|(stream, http2)| (Stream::Tls(Box::new(stream)), http2)),
            None => learn(guarded).await.map(|(stream, http2)| (Stream::Plain(stream), http2)),
        }
    };
    let opened = tokio::select! {
        opened = opened => opened,
        () = wire.shutdown.lingered(wire.limits.linger) => return,
    };
    let ended = match opened {
        Ok((Stream::Plain(stream), http2)) => speak(stream, http2, peer, site, &wire, watch).await,
        Ok((Stream::Tls(stream), http2)) => speak(*stream, http2, peer, site, &wire, watch).await,
        Err(error) => {
            if error.kind() == io::ErrorKind::TimedOut {
                wire.metrics.turn_away(Turned::TooSlow);
            } else if wire.tls.is_some() {
                wire.metrics.turn_away(Turned::Handshake);
                tracing::debug!(event = "handshake", code = "KH0141", %error, "TLS handshake failed");
            }
            return;
        }
    };
    if let Err(error) = ended {
        if is_late(&error) {
            wire.metrics.turn_away(Turned::TooSlow);
        }
        tracing::debug!(event = "connection", %error, "connection ended early");
    }
    drop(pass);
}

enum Stream {
    Plain(Guarded),
    Tls(Box<tokio_rustls::server::TlsStream<Guarded>>),
}

/// Which protocol the client speaks, from its first bytes: HTTP/2 with prior knowledge (RFC 9113 §3.3) or HTTP/1.1.
async fn learn(mut stream: Guarded) -> io::Result<(Guarded, bool)> {
    let mut start = [0; PREFACE.len()];
    let mut known = 0;
    while known < PREFACE.len() && start[..known] == PREFACE[..known] {
        match stream.read(&mut start[known..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => known += count,
        }
    }
    stream.unread(Bytes::copy_from_slice(&start[..known]));
    Ok((stream, start == *PREFACE))
}

async fn speak<S, T>(stream: T, http2: bool, peer: Peer, site: S, wire: &Wire, watch: Arc<Watch>) -> Result<(), hyper::Error>
where
    S: Site,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if http2 {
        watch.multiplex();
    }
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (site, watch) = (site.clone(), Arc::clone(&watch));
        async move {
            let turn = Turn::begin(&watch, !request.body().is_end_stream());
            let mut response = site.exchange(request, peer, &watch).await;
            if !http2 && watch.shutdown().is_draining() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            drop(turn);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    // Boxed, so that a connection which is still silent does not hold the room of the largest protocol.
    if http2 {
        let connection = wire.http2.serve_connection(TokioIo::new(stream), service);
        Box::pin(drive(connection, http2::Connection::graceful_shutdown, &wire.shutdown, Duration::ZERO)).await
    } else {
        let connection = wire.http1.serve_connection(TokioIo::new(Heads::new(stream)), service);
        Box::pin(drive(connection, http1::Connection::graceful_shutdown, &wire.shutdown, wire.limits.linger)).await
    }
}

/// The time of one request on the connection's watch; ends also when the request is dropped, as a reset stream is.
struct Turn<'a>(&'a Watch);

impl Turn<'_> {
    fn begin(watch: &Watch, body: bool) -> Turn<'_> {
        watch.begin(body);
        Turn(watch)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs a connection. When draining begins, it has `linger` for a request that is on its way, and is then finished: hyper closes
/// it at once if it is idle. The state is looked at on every poll, the wake-up registered once per change: an `is_draining` costs
/// a load, a poll of the notification a lock that all connections share.
async fn drive<C>(connection: C, finish: fn(Pin<&mut C>), shutdown: &Shutdown, linger: Duration) -> Result<(), hyper::Error>
where
    C: Future<Output = Result<(), hyper::Error>>,
{
    let mut connection = pin!(connection);
    let mut changed = pin!(shutdown.changed());
    let (mut registered, mut finishing) = (false, false);
    let mut lingering: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        if !registered {
            registered = changed.as_mut().poll(cx).is_pending();
        }
        if !finishing && shutdown.is_draining() {
            if lingering.is_none() {
                changed.set(shutdown.changed());
                registered = changed.as_mut().poll(cx).is_pending();
            }
            let wait = lingering.get_or_insert_with(|| Box::pin(sleep(linger)));
            if linger.is_zero() || wait.as_mut().poll(cx).is_ready() {
                finishing = true;
                finish(connection.as_mut());
            }
        }
        if shutdown.is_ending() {
            return Poll::Ready(Ok(()));
        }
        connection.as_mut().poll(cx)
    })
    .await
}

/// Whether a connection ended because its client was too slow.
fn is_late(error: &hyper::Error) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}
