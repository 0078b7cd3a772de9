//! The playground of `keyhook dev`: a client of its own that walks code and PKCE through the real pages and shows each exchange.
//!
//! It is complete without JavaScript: the client's side runs here, and the browser only follows redirects (RFC 6749 §4.1, RFC 7636).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component, registry};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::Client;
use keyhook_core::crypto::{constant_time_eq, sha256};
use keyhook_core::error::OAuthError;

use super::at;
use crate::cookies::set_cookie;
use crate::explain::shown;
use crate::watched_hooks::{WatchedHooks, Watching};
use crate::{kh, pages};

/// How long a walk may take.
const LIFETIME: Duration = Duration::from_mins(10);
const PATH: &str = "/playground";
const START: &str = "/playground/start";
const CALLBACK: &str = "/playground/callback";
/// The demo client's id where the server does not name another.
const DEMO_CLIENT: &str = "playground";

/// `GET /playground`, `/playground/start`, `/playground/callback`, in development only.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlaygroundEndpoint;

component!(Endpoint: PlaygroundEndpoint);

impl Endpoint for PlaygroundEndpoint {
    fn name(&self) -> &'static str {
        "playground"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        if !settings.dev {
            return Vec::new();
        }
        [PATH, START, CALLBACK].map(|path| (Some(Method::GET), at(settings, path))).into()
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let path = request.path.strip_prefix(context.settings.issuer.path()).unwrap_or_default();
            match path {
                START => start(context).await,
                CALLBACK => callback(request, context).await,
                _ => invite(context).await,
            }
        })
    }
}

async fn invite(context: &Context) -> Result<Response, Refusal> {
    let settings = &context.settings;
    let client = demo_client(context).await?;
    let facts = context.dev.as_ref().map(|dev| dev.facts()).unwrap_or_default();
    let page = pages::Playground { base: pages::base(settings), start: at(settings, START), client: &client.id, facts };
    Ok(pages::page(StatusCode::OK, &page))
}

/// Makes verifier and state, keeps them in the browser, and sends the user to the authorization endpoint.
async fn start(context: &Context) -> Result<Response, Refusal> {
    let settings = &context.settings;
    let client = demo_client(context).await?;
    let [state, verifier] = [(); 2].map(|()| URL_SAFE_NO_PAD.encode(context.random.bytes::<32>()));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked(settings, &client, &state, &verifier)).finish();
    let target = format!("{}?{query}", at(settings, &settings.paths.authorize));
    let cookie = set_cookie(settings, &cookie_name(settings), &format!("{state}.{verifier}"), Some(LIFETIME));
    Ok(cookie.into_iter().fold(Response::redirect_local(&target), Response::with_cookie))
}

/// The parameters of the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).
fn asked(settings: &Settings, client: &Client, state: &str, verifier: &str) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("response_type", "code".to_owned()), ("client_id", client.id.clone())];
    pairs.push(("redirect_uri", settings.issuer.endpoint(CALLBACK)));
    if !client.scope.is_empty() {
        pairs.push(("scope", client.scope.as_str().to_owned()));
    }
    pairs.push(("state", state.to_owned()));
    pairs.push(("code_challenge", URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))));
    pairs.push(("code_challenge_method", "S256".to_owned()));
    pairs
}

/// The client's redirect URI: redeems the code and shows everything.
async fn callback(request: &Request, context: &Context) -> Result<Response, Refusal> {
    let settings = &context.settings;
    let query = request.query_form()?;
    let kept = request.cookie(&cookie_name(settings)).and_then(|value| value.split_once('.'));
    let Some((state, verifier)) = kept else { return Ok(Response::redirect_local(&at(settings, PATH))) };
    let came = query.once("state")?.unwrap_or_default();
    if !constant_time_eq(came.as_bytes(), state.as_bytes()) {
        return Err(OAuthError::invalid_request("state is not the one that this browser sent").into());
    }
    let client = demo_client(context).await?;
    let sent = asked(settings, &client, state, verifier);
    let sent = lines(sent.iter().map(|(name, value)| (*name, value.as_str())));
    let back = lines(query.iter());
    let mut steps = vec![
        Exchange::new(
            "The client sent the browser to the server",
            format!("GET {}?{sent}", at(settings, &settings.paths.authorize)),
            String::new(),
        ),
        Exchange::new("The answer came back to the client", format!("GET {}?{back}", request.path), String::new()),
    ];
    let mut changes = Vec::new();
    if let Some(code) = query.once("code")? {
        let (exchange, seen) = redeem(request, context, &client, code, verifier).await?;
        steps.push(exchange);
        changes = seen;
    }
    let error = query.once("error")?.unwrap_or_default();
    let page = pages::Played { base: pages::base(settings), again: at(settings, START), error, steps, changes };
    let forget = set_cookie(settings, &cookie_name(settings), "", Some(Duration::ZERO));
    Ok(forget.into_iter().fold(pages::page(StatusCode::OK, &page), Response::with_cookie))
}

/// One exchange, as text.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// What happened.
    pub(crate) title: &'static str,
    /// What was sent.
    pub(crate) request: String,
    /// What came back; empty when the next exchange shows it.
    pub(crate) response: String,
}

impl Exchange {
    fn new(title: &'static str, request: String, response: String) -> Exchange {
        Exchange { title, request, response }
    }
}

/// Asks the token endpoint, the very one that answers over HTTP, with hooks that are watched.
async fn redeem(
    request: &Request,
    context: &Context,
    client: &Client,
    code: &str,
    verifier: &str,
) -> Result<(Exchange, Vec<keyhook_component::dev::HookChange>), Refusal> {
    let settings = &context.settings;
    let redirect_uri = settings.issuer.endpoint(CALLBACK);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", code),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", verifier),
    ];
    let path = at(settings, &settings.paths.token);
    let endpoint = registry::endpoints()
        .into_iter()
        .find(|endpoint| endpoint.routes(settings).iter().any(|(method, route)| method.as_ref() == Some(&Method::POST) && *route == path))
        .ok_or_else(|| OAuthError::server_error("no token endpoint is linked in"))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let sent = Request { method: Method::POST, path: path.clone(), query: String::new(), headers, body: body.into(), ..request.clone() };
    let hooks = WatchedHooks::over(Arc::clone(&context.hooks));
    let watched = Context { hooks: Arc::new(Watching(Arc::clone(&hooks))), ..context.clone() };
    let answer = match endpoint.answer(&sent, &watched).await {
        Ok(response) => text_of(response.status, &response.body),
        Err(refusal) => {
            let error = refusal.error();
            text_of(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &error.json())
        }
    };
    let sent = format!("POST {path}\ncontent-type: application/x-www-form-urlencoded\n{}", lines(pairs.into_iter()));
    Ok((Exchange::new("The client redeemed the code", sent, answer), hooks.changes()))
}

fn text_of(status: StatusCode, body: &[u8]) -> String {
    let pretty = serde_json::from_slice::<serde_json::Value>(body).and_then(|json| serde_json::to_string_pretty(&json));
    format!("{status}\ncontent-type: application/json\n\n{}", pretty.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned()))
}

/// Parameters, one a line.
fn lines<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.flat_map(|(name, value)| ["\n  ".to_owned(), shown(name), "=".to_owned(), shown(value)]).collect()
}

fn cookie_name(settings: &Settings) -> String {
    format!("{}-playground", settings.cookie_name)
}

async fn demo_client(context: &Context) -> Result<Arc<Client>, OAuthError> {
    let id = context.dev.as_ref().and_then(|dev| dev.demo_client()).unwrap_or_else(|| DEMO_CLIENT.to_owned());
    let client = context.records.client(&id).await?;
    client.ok_or_else(|| {
        let callback = context.settings.issuer.endpoint(CALLBACK);
        OAuthError::invalid_request("the playground has no client")
            .with_cause(format!("no client `{id}` is registered; it is public and has the redirect URI {callback}"))
            .with_kh(kh::NO_DEMO_CLIENT)
    })
}
