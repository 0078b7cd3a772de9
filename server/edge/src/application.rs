//! What answers requests: the routes and context of one generation, swapped as a whole at a reload.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Version, header};
use http_body_util::Full;
use hyper::body::Body;
use keyhook_component::context::Context;
use keyhook_component::hooks::HookPoint;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::authorize::Refusal;
use keyhook_core::error::OAuthError;
use tokio::time::Instant;
use tracing::Instrument;

use crate::body::{self, BodyError, Budget};
use crate::detach::{Detached, without_panic};
use crate::dispatch::{Found, RouteTable, Target};
use crate::forwarded::TrustedProxies;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::metrics::{Metrics, Turned};
use crate::watch::Watch;
use crate::{failure, headers, intake};

/// One generation of the server: what answers where, and with what.
pub struct Live {
    /// The routes.
    pub routes: RouteTable,
    /// What endpoints reach.
    pub context: Arc<Context>,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks TLS with us.
    pub tls: bool,
}

/// Answers requests with the live generation. Shared by all listeners and workers.
pub struct Application {
    live: ArcSwap<Live>,
    proxies: TrustedProxies,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    in_flight: Arc<Gate>,
    unfinished: Budget,
}

impl Application {
    /// An application that starts with a generation.
    pub fn new(live: Live, limits: Limits, proxies: TrustedProxies, metrics: Arc<Metrics>) -> Arc<Application> {
        let in_flight = Gate::new(limits.in_flight, metrics.in_flight.clone());
        let unfinished = Budget::new(limits.unfinished_bytes);
        Arc::new(Application { live: ArcSwap::from_pointee(live), proxies, limits: Arc::new(limits), metrics, in_flight, unfinished })
    }

    /// Swaps the generation. A request that has begun keeps the one it began with.
    pub fn replace(&self, live: Live) {
        self.live.store(Arc::new(live));
    }

    /// The generation that new requests get.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// How many requests are being answered.
    pub fn in_flight(&self) -> usize {
        self.in_flight.count()
    }

    /// Answers one request: the way in for somebody else's hyper, tower or axum. The body's deadline is enforced here.
    pub async fn respond<B: Body<Data = Bytes>>(&self, request: http::Request<B>, peer: Peer) -> http::Response<Full<Bytes>> {
        self.exchange(request, peer, None).await
    }

    /// Answers one request. With a `watch`, the socket below enforces the body's deadline in HTTP/1.
    pub(crate) async fn exchange<B>(&self, request: http::Request<B>, peer: Peer, watch: Option<&Watch>) -> http::Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
    {
        let started = Instant::now();
        let live = self.live.load_full();
        let (parts, body) = request.into_parts();
        let (method, multiplexed) = (parts.method.clone(), parts.version == Version::HTTP_2);
        let mut request = match intake::request(parts, peer, &self.proxies, &self.limits, &*live.context.random) {
            Ok(request) => request,
            Err(malformed) => {
                self.metrics.turn_away(Turned::Malformed);
                return http1_only(headers::complete(failure::malformed(malformed), &method, peer.tls), multiplexed);
            }
        };
        let https = request.scheme == "https";
        let target = match live.routes.find(&method, &request.path) {
            Found::Target(target, parameters) => {
                request.path_parameters = parameters;
                Arc::clone(target)
            }
            missing => return write(headers::complete(nobody(&missing, &request, &live.context), &method, https)),
        };
        let early = if target.is_page { misdirected(&request, &live) } else { None };
        if let Some(response) = early {
            target.metrics.observe(&method, response.status, started.elapsed());
            return write(headers::complete(response, &method, https));
        }
        let deadline = (multiplexed || watch.is_none()).then_some(self.limits.body_deadline);
        match body::read(body, self.limits.body_bytes_at(&request.path), deadline, &self.unfinished).await {
            Ok(body) => request.body = body,
            Err(error) => {
                let response = self.unread(error, &request.id);
                target.metrics.observe(&method, response.status, started.elapsed());
                return http1_only(headers::complete(response, &method, https), multiplexed);
            }
        }
        if let Some(watch) = watch {
            watch.answer();
        }
        self.answer(request, target, live, started).await
    }

    async fn answer(&self, request: Request, target: Arc<Target>, live: Arc<Live>, started: Instant) -> http::Response<Full<Bytes>> {
        let Some(pass) = self.in_flight.enter() else {
            self.metrics.turn_away(Turned::Overload);
            let response = failure::response(&Refusal::Page(overloaded()), &request, &live.context, target.is_page, target.endpoint.name());
            return write(headers::complete(response, &request.method, request.scheme == "https"));
        };
        let span = if foreign_code_may_run(&target, &live) {
            tracing::info_span!(target: "keyhook::request", "request", request_id = &*request.id)
        } else {
            tracing::Span::none()
        };
        let answer = async move {
            let name = target.endpoint.name();
            let result = without_panic(async { target.endpoint.answer(&request, &live.context).await }).await;
            let response = match result {
                Ok(Ok(response)) => response,
                Ok(Err(refusal)) => failure::response(&refusal, &request, &live.context, target.is_page, name),
                Err(panic) => failure::response(&panicked(&panic), &request, &live.context, target.is_page, name),
            };
            let took = started.elapsed();
            target.metrics.observe(&request.method, response.status, took);
            tracing::debug!(
                target: "keyhook::access",
                event = "request",
                request_id = failure::unsaid(&request.id),
                endpoint = name,
                method = request.method.as_str(),
                status = response.status.as_u16(),
                dur_ms = took.as_secs_f64() * 1000.0,
                "answered"
            );
            drop(pass);
            write(headers::complete(response, &request.method, request.scheme == "https"))
        };
        if span.is_disabled() { Detached::new(answer).await } else { Detached::new(answer.instrument(span)).await }
    }

    fn unread(&self, error: BodyError, id: &str) -> Response {
        let (status, description, reason) = match error {
            BodyError::Crowded => {
                self.metrics.turn_away(Turned::Overload);
                tracing::info!(event = "refused", code = "KH0133", request_id = id, status = 503, "too many unfinished bodies");
                let busy = failure::edge(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "the server is busy");
                return failure::with_id(busy.with_retry(&overloaded()), id);
            }
            BodyError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long", Turned::BodyTooLong),
            BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time", Turned::TooSlow),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "the body is malformed", Turned::Malformed),
        };
        self.metrics.turn_away(reason);
        tracing::info!(event = "refused", code = "KH0131", request_id = id, status = status.as_u16(), cause = description, "body not read");
        failure::with_id(failure::edge(status, "invalid_request", description), id)
    }
}

/// Whether a plugin may run, whose log lines learn the request's id from the span around them. Our own lines name it themselves,
/// and a span costs more than a microsecond.
fn foreign_code_may_run(target: &Target, live: &Live) -> bool {
    target.endpoint.name().starts_with("plugin/") || HookPoint::ALL.into_iter().any(|point| live.context.hooks.any(point))
}

/// 404 or 405. A path that is not there is told like any page, in the caller's format.
fn nobody(missing: &Found<'_>, request: &Request, context: &Context) -> Response {
    match missing {
        Found::MethodNotAllowed(allow) => {
            let response = failure::edge(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "this method is not allowed here");
            failure::with_id(response, &request.id).with(header::ALLOW, (*allow).clone())
        }
        _ => failure::with_id(context.pages.not_found(request, &context.settings), &request.id),
    }
}

/// The answer to a person who came to another host or scheme than the issuer's: cookies and redirects would not work there.
/// In `dev` another name of the loopback interface is sent to the right one.
fn misdirected(request: &Request, live: &Live) -> Option<Response> {
    let (origin, settings) = (live.routes.origin(), &live.context.settings);
    if origin.matches(request.scheme, &request.host) {
        return None;
    }
    let safe = request.method == Method::GET || request.method == Method::HEAD;
    if settings.dev && safe && origin.is_loopback_twin(request.scheme, &request.host) {
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        if let Ok(location) = HeaderValue::try_from(format!("{}{}{query}", origin.text, request.path)) {
            return Some(Response::empty(StatusCode::FOUND).no_store().with(header::LOCATION, location));
        }
    }
    Some(failure::with_id(live.context.pages.wrong_host(request, settings), &request.id))
}

fn overloaded() -> OAuthError {
    OAuthError::temporarily_unavailable(1).with_kh("KH0133").with_cause("more requests at once than the limit allows")
}

fn panicked(message: &str) -> Refusal {
    Refusal::Page(OAuthError::server_error(format!("the endpoint panicked: {message}")).with_kh("KH0132"))
}

fn write(response: Response) -> http::Response<Full<Bytes>> {
    let mut written = http::Response::new(Full::new(response.body));
    *written.status_mut() = response.status;
    *written.headers_mut() = response.headers;
    written
}

/// `Connection: close` where the rest of the request is not read; HTTP/2 has no such header (RFC 9113 §8.2.2).
fn http1_only(response: Response, multiplexed: bool) -> http::Response<Full<Bytes>> {
    let mut written = write(response);
    if !multiplexed {
        written.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    written
}
