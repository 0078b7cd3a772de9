//! A server with small endpoints.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::BoxFuture;
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::authorize::Refusal;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::redirect::RedirectUri;
use keyhook_edge::serve::Workers;
use keyhook_edge::{Application, Limits, Listeners, Live, Metrics, RouteTable, Server, Tls, TrustedProxies};
use tokio::sync::Semaphore;

use super::stage::context;

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
