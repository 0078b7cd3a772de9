//! A server with small endpoints, and a client that sends bytes as they are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::BoxFuture;
use keyhook_component::audit::{Audit, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::NoHooks;
use keyhook_component::pages::Pages;
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::records::Records;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::{Lifetimes, Paths, Settings};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::{Clock, Random};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::Client;
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::issuer::Issuer;
use keyhook_core::redirect::RedirectUri;
use keyhook_core::time::Timestamp;
use keyhook_edge::serve::Workers;
use keyhook_edge::{Application, Limits, Listeners, Live, Metrics, RouteTable, Server, Tls, TrustedProxies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// An endpoint made of a name, a route and a function.
pub(crate) struct Small {
    pub(crate) name: &'static str,
    pub(crate) method: Option<Method>,
    pub(crate) path: &'static str,
    pub(crate) page: bool,
    pub(crate) reply: fn(&Request) -> Result<Response, Refusal>,
}

impl Endpoint for Small {
    fn name(&self) -> &str {
        self.name
    }

    fn routes(&self, _: &Settings) -> Vec<RoutePattern> {
        vec![(self.method.clone(), self.path.to_owned())]
    }

    fn is_page(&self) -> bool {
        self.page
    }

    fn answer<'a>(&'a self, request: &'a Request, _: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move { (self.reply)(request) })
    }
}

pub(crate) fn small(
    name: &'static str,
    method: Method,
    path: &'static str,
    reply: fn(&Request) -> Result<Response, Refusal>,
) -> Arc<dyn Endpoint> {
    Arc::new(Small { name, method: Some(method), path, page: false, reply })
}

pub(crate) fn page(path: &'static str, reply: fn(&Request) -> Result<Response, Refusal>) -> Arc<dyn Endpoint> {
    Arc::new(Small { name: "page", method: Some(Method::GET), path, page: true, reply })
}

/// An endpoint that says when it began, and answers when it is told to.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) began: Arc<Semaphore>,
    pub(crate) proceed: Arc<Semaphore>,
    pub(crate) finished: Arc<Semaphore>,
}

impl Waiting {
    pub(crate) fn new() -> Waiting {
        let closed = || Arc::new(Semaphore::new(0));
        Waiting { began: closed(), proceed: closed(), finished: closed() }
    }
}

impl Endpoint for Waiting {
    fn name(&self) -> &'static str {
        "waiting"
    }

    fn routes(&self, _: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::POST), "/wait".to_owned()), (Some(Method::GET), "/wait".to_owned())]
    }

    fn answer<'a>(&'a self, _: &'a Request, _: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            self.began.add_permits(1);
            self.proceed.acquire().await.unwrap().forget();
            self.finished.add_permits(1);
            Ok(Response::text(StatusCode::OK, "finished"))
        })
    }
}

/// What the server under test answers at: an echo of what arrived, and one endpoint for each kind of refusal.
pub(crate) fn endpoints() -> Vec<Arc<dyn Endpoint>> {
    vec![
        small("token", Method::POST, "/token", |request| Ok(Response::json(StatusCode::OK, echo(request)))),
        small("echo", Method::GET, "/echo", |request| Ok(Response::json(StatusCode::OK, echo(request)))),
        small("refuse", Method::POST, "/refuse", |_| Err(OAuthError::invalid_client().with_kh("KH0225").with_cause("line\nbreak").into())),
        small("away", Method::POST, "/away", |_| Err(OAuthError::temporarily_unavailable(7).into())),
        small("panic", Method::POST, "/panic", |_| std::panic::panic_any("a bug")),
        small("files", Method::GET, "/files/{name}/x", |request| Ok(Response::json(StatusCode::OK, echo(request)))),
        small("splitter", Method::GET, "/splitter", |_| {
            let response = Response::text(StatusCode::OK, "four").with(header::CONTENT_LENGTH, HeaderValue::from_static("2"));
            Ok(response
                .with(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))
                .with(header::SERVER, HeaderValue::from_static("x")))
        }),
        page("/page", |_| Ok(Response::html(StatusCode::OK, "<p>hello"))),
        page("/broken", |_| Err(OAuthError::invalid_request("the link is broken").into())),
        page("/redirect", |_| Err(redirected())),
    ]
}

fn redirected() -> Refusal {
    let mut client = Client::public("shop", "Shop");
    client.redirect_uris = vec![RedirectUri::parse("https://shop.test/cb?a=1").unwrap()];
    let to = client.claim(None).unwrap();
    Refusal::Redirect { to, state: Some("a b&c=\r\n\u{e9}".to_owned()), error: OAuthError::access_denied() }
}

fn echo(request: &Request) -> String {
    let parameters: Vec<String> = request.path_parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "{} {} q={} body={} ip={} scheme={} host={} id={} parameters={} trailer={}",
        request.method,
        request.path,
        request.query,
        String::from_utf8_lossy(&request.body),
        request.client_ip,
        request.scheme,
        request.host,
        request.id,
        parameters.join(","),
        request.headers.contains_key("x-late"),
    )
}

/// How to start a server under test.
pub(crate) struct Setup {
    pub(crate) issuer: &'static str,
    pub(crate) dev: bool,
    pub(crate) limits: Limits,
    pub(crate) proxies: &'static [&'static str],
    pub(crate) endpoints: Vec<Arc<dyn Endpoint>>,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) workers: Workers,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            issuer: "http://localhost:8080",
            dev: false,
            limits: Limits::default(),
            proxies: &[],
            endpoints: endpoints(),
            tls: None,
            workers: Workers::Here,
        }
    }
}

/// A running server under test.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) application: Arc<Application>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) address: SocketAddr,
}

impl Setup {
    pub(crate) fn start(self) -> Running {
        let metrics = Arc::new(Metrics::new());
        let live = live(&self.endpoints, self.issuer, self.dev, &metrics);
        let proxies = TrustedProxies::parse(self.proxies.iter().copied()).unwrap();
        let application = Application::new(live, self.limits, proxies, Arc::clone(&metrics));
        let count = if let Workers::Threads(count) = self.workers { count } else { 1 };
        let listeners = Listeners::bind(&[SocketAddr::from(([127, 0, 0, 1], 0))], count).unwrap();
        let server = Server::start(listeners, &application, self.tls, self.workers).unwrap();
        let address = server.addresses()[0];
        Running { server, application, metrics, address }
    }
}

pub(crate) fn live(endpoints: &[Arc<dyn Endpoint>], issuer: &str, dev: bool, metrics: &Metrics) -> Live {
    let context = Arc::new(context(issuer, dev));
    Live { routes: RouteTable::build(endpoints, &context.settings, metrics).unwrap(), context }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads until the server closes it or one response is complete.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_reply(&mut stream, false).await
    }

    /// Sends bytes and reads all that comes until the server closes the connection.
    pub(crate) async fn send_to_end(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut all = Vec::new();
        // A reset after the response is an end, too.
        let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await.expect("the server closes");
        String::from_utf8(all).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")).await
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of a header; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}

/// Reads one response. `head` says that it answers HEAD: a length without content.
pub(crate) async fn read_reply(stream: &mut (impl AsyncReadExt + Unpin), head: bool) -> Reply {
    let mut bytes = Vec::new();
    let complete = async {
        loop {
            if let Some(reply) = parse(&bytes, head) {
                return reply;
            }
            let count = stream.read_buf(&mut bytes).await.expect("the server answers");
            assert!(count > 0, "the server closed the connection after {:?}", String::from_utf8_lossy(&bytes));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), complete).await.expect("the server answers in time")
}

fn parse(bytes: &[u8], head: bool) -> Option<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let (start, body) = text.split_once("\r\n\r\n")?;
    let status = start.split(' ').nth(1)?.parse().ok()?;
    let mut reply = Reply { status, head: start.to_owned(), body: String::new() };
    let length: usize = if head { 0 } else { reply.header("content-length").parse().unwrap_or(0) };
    if body.len() < length {
        return None;
    }
    body.clone_into(&mut reply.body);
    Some(reply)
}

fn context(issuer: &str, dev: bool) -> Context {
    let settings = Settings {
        issuer: Issuer::parse(issuer).unwrap(),
        dev,
        paths: Paths::default(),
        lifetimes: Lifetimes::default(),
        builtin_login: true,
        builtin_consent: true,
        remember_consent: true,
        refresh_grace: Duration::from_secs(10),
        scope_descriptions: std::collections::BTreeMap::default(),
        compat: Vec::new(),
        attempts_per_user: 5,
        attempts_per_address: 50,
        attempts_window: Duration::from_secs(60),
        password_workers: 1,
        cookie_name: "c".to_owned(),
        cookie_secure: false,
        realm: "keyhook".to_owned(),
    };
    Context {
        settings: Arc::new(settings),
        records: Records::new(Arc::new(NoStore), 1),
        clock: Arc::new(Still),
        random: Arc::new(Counting(AtomicU64::new(1))),
        hooks: Arc::new(NoHooks),
        audit: Arc::new(Still),
        pages: Arc::new(Plain),
        sealer: Arc::new(Sealer::new(vec![MasterKey::new([7; 32])]).unwrap()),
        grants: Arc::new([]),
        metadata: bytes::Bytes::new(),
        dev: None,
    }
}

struct Plain;

impl Pages for Plain {
    fn error(&self, _: &Request, _: &Settings, error: &OAuthError) -> Response {
        Response::html(StatusCode::from_u16(error.status()).unwrap(), format!("error page: {}", error.wire_description()))
    }

    fn not_found(&self, _: &Request, _: &Settings) -> Response {
        Response::html(StatusCode::NOT_FOUND, "not found page")
    }

    fn wrong_host(&self, request: &Request, settings: &Settings) -> Response {
        Response::html(StatusCode::MISDIRECTED_REQUEST, format!("wrong host {} not {}", request.host, settings.issuer.as_str()))
    }

    fn wrap(&self, title: &str, html: &str) -> String {
        format!("{title}{html}")
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1)
    }
}

impl Audit for Still {
    fn record(&self, _: Event) {}
}

/// Numbers that differ: enough for ids in a test.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (byte, source) in out.iter_mut().zip(number.to_be_bytes().iter().cycle()) {
            *byte = *source;
        }
    }
}

struct NoStore;

impl Store for NoStore {
    fn get<'a>(&'a self, _: Kind, _: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async { Ok(Lookup::Absent) })
    }

    fn list<'a>(&'a self, _: Kind, _: &'a Index, _: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn apply(&self, _: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("there is none".to_owned())) })
    }

    fn purge<'a>(&'a self, _: Timestamp, _: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn promises(&self) -> Promises {
        Promises { durable: false, evicts: true, shared: false, atomic: true }
    }

    fn changed_elsewhere(&self) -> u64 {
        0
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
