//! Where the hooks of OAuth 1.0a are tried: consumers whose secrets are known, a plugin that does as it is told, and a request in one line.

use std::sync::{Arc, Mutex};

use http::{HeaderValue, header};
use keyhook_builtin::oauth1::RequestTokenEndpoint;
use keyhook_component::BoxFuture;
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks, PluginData, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::{Authorized, Grant, SharedSecret, Stored, TemporaryCredential};
use keyhook_component::request::Request;
use keyhook_component::settings::Oauth1Settings;
use keyhook_core::client::Consumer;
use keyhook_core::id::RecordId;
use keyhook_core::oauth1::signature::{SignatureMethod, SigningKey, named};
use keyhook_core::oauth1::{BaseString, SignedRequest, Signer, VerifierKind};
use keyhook_core::scope::Scope;
use keyhook_core::secret::Secret;
use keyhook_core::token::{IssuedToken, TokenKind};
use keyhook_core::{AuthMethod, Client};

use crate::support::*;

pub const SHARED: &str = "kd94hf93k423kf44";
pub const MARKED: &str = "MARKED";

type Script = dyn Fn(HookPoint, HookCall) -> (HookCall, Verdict) + Send + Sync;

/// Plugin `bob`, who listens to every hook of OAuth 1.0a that `points` has, and writes down what it saw.
pub struct Bob {
    points: Vec<HookPoint>,
    script: Box<Script>,
    pub seen: Mutex<Vec<HookCall>>,
}

impl Bob {
    fn play(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        self.seen.lock().unwrap().push(call.clone());
        let (call, verdict) = (self.script)(point, call);
        Box::pin(std::future::ready(finished(call, verdict)))
    }

    pub fn seen(&self) -> HookCall {
        self.seen.lock().unwrap().pop().unwrap()
    }
}

impl Hooks for Bob {
    fn any(&self, point: HookPoint) -> bool {
        self.points.contains(&point)
    }

    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        self.play(point, call)
    }

    fn generation(&self, _: HookPoint) -> u64 {
        0
    }

    fn provided(&self, point: HookPoint) -> Vec<&str> {
        if point == HookPoint::Oauth1Signature && self.any(point) { vec![MARKED] } else { Vec::new() }
    }

    fn provide(&self, point: HookPoint, value: &str, call: HookCall) -> Option<BoxFuture<'static, Finished>> {
        self.is_provided(point, value).then(|| self.play(point, call))
    }
}

/// What the client does whose method is the plugin's: the key and how long the base string is.
pub struct Marked;

impl SignatureMethod for Marked {
    fn name(&self) -> &'static str {
        MARKED
    }

    fn verify(&self, _: &BaseString, _: &SigningKey<'_>, _: &str) -> bool {
        false
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(Secret::new(marked(base.as_str(), &key.joined()?)))
    }
}

pub fn marked(base: &str, key: &str) -> String {
    format!("{}{}", key.chars().rev().collect::<String>(), base.len())
}

/// `printer` and `scanner` sign; `scanner` by the plugin's method too. `closed` is disabled, `shop` knows OAuth 2.0 alone.
pub async fn signing(
    points: &[HookPoint],
    script: impl Fn(HookPoint, HookCall) -> (HookCall, Verdict) + Send + Sync + 'static,
) -> (World, Arc<Bob>) {
    let mut world = world().await.with_settings(|settings| settings.oauth1 = Some(Oauth1Settings::default()));
    let bob = Arc::new(Bob { points: points.to_vec(), script: Box::new(script), seen: Mutex::default() });
    world.context.hooks = Arc::clone(&bob) as Arc<dyn Hooks>;
    for (id, methods) in [("printer", &[][..]), ("scanner", &[MARKED, "HMAC-SHA256"]), ("closed", &[])] {
        let shared = Secret::new(SHARED.to_owned());
        let sealed = SharedSecret::Client(id).seal(&shared, &world.context.sealer, &*world.context.random).unwrap();
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        let consumer = Consumer { secrets: vec![sealed], methods, ..Consumer::default() };
        let client = Client { oauth1: Some(consumer), secrets: Vec::new(), auth_method: AuthMethod::Signature, ..confidential(id) };
        world.register(Client { disabled: id == "closed", ..client }).await;
    }
    (world, bob)
}

/// How a request is signed.
#[derive(Clone, Copy)]
pub struct By<'a> {
    pub consumer: &'a str,
    pub secret: &'a str,
    pub method: &'a dyn SignatureMethod,
    pub token: Option<(&'a str, &'a str)>,
    pub verifier: Option<&'a str>,
    pub nonce: &'a str,
}

pub fn by(consumer: &str) -> By<'_> {
    By { consumer, secret: SHARED, method: named("HMAC-SHA256").unwrap(), token: None, verifier: None, nonce: "n1" }
}

pub fn signed(world: &World, path: &str, by: By<'_>) -> Request {
    let mut request = request(path, As::Nobody, &[("tenant", "acme")]);
    let signer = Signer {
        consumer_key: by.consumer,
        token: by.token.map(|(token, _)| token),
        key: SigningKey::shared(by.secret, by.token.map_or("", |(_, secret)| secret)),
        method: by.method,
        timestamp: u64::try_from(world.context.now().seconds()).unwrap(),
        nonce: by.nonce,
        callback: by.token.is_none().then_some("oob"),
        verifier: by.verifier,
        body_hash: false,
    };
    let over = SignedRequest {
        method: "POST",
        scheme: "https",
        authority: "id.example",
        path,
        query: None,
        authorization: None,
        form_body: Some(&request.body),
        body_other: None,
    };
    let authorization = signer.sign(&over).unwrap().authorization(None).into_inner();
    request.headers.insert(header::AUTHORIZATION, HeaderValue::try_from(authorization).unwrap());
    request
}

/// Status and form of an answer.
pub async fn sent(world: &World, endpoint: &dyn Endpoint, request: &Request) -> (u16, Vec<(String, String)>) {
    let response =
        endpoint.answer(request, &world.context).await.unwrap_or_else(|_| panic!("an answer of OAuth 1.0a is none of OAuth 2.0"));
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    let form = form_urlencoded::parse(&response.body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    (response.status.as_u16(), form)
}

pub async fn asked(world: &World, by: By<'_>) -> (u16, Vec<(String, String)>) {
    sent(world, &RequestTokenEndpoint, &signed(world, "/oauth/request_token", by)).await
}

pub fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

pub async fn problem(world: &World, by: By<'_>) -> (u16, String) {
    let (status, form) = asked(world, by).await;
    (status, field(&form, "oauth_problem").to_owned())
}

/// Temporary credentials that `alice` authorized, while plugin `bob` noted something.
pub async fn authorized(world: &World) -> (String, String) {
    let (status, form) = asked(world, By { nonce: "first", ..by("printer") }).await;
    assert_eq!(status, 200, "{form:?}");
    let name = field(&form, "oauth_token").to_owned();
    let id = IssuedToken::parse(TokenKind::TemporaryCredential, &name).unwrap().id;
    let now = world.context.now();
    let grant = RecordId::beside(id, now, 7);
    let mut body = Grant { scope: Scope::parse("read").unwrap(), auth_time: now, acr: None, amr: Vec::new(), data: PluginData::new() };
    body.data.entry("bob".into()).or_default().insert("tenant".into(), "acme".into());
    let until = now.plus(std::time::Duration::from_mins(5));
    let grant_record = Stored::new(Key::Issued(grant), until, body).of_grant(grant).of_client("printer").of_subject(Some("alice".into()));
    let found = world.context.records.read::<TemporaryCredential>(&Key::Issued(id)).await.unwrap().live().unwrap();
    let mut permitted = Stored::clone(&found);
    permitted.body.authorized = Some(Authorized { grant, verifier: VerifierKind::Typed.hash("ABCDEFGH") });
    let batch = Batch::new().with(permitted.replace().unwrap()).with(grant_record.insert().unwrap());
    assert_eq!(world.context.records.apply(batch).await.unwrap(), Applied::Applied);
    (name, field(&form, "oauth_token_secret").to_owned())
}

pub fn fact<'a>(call: &'a HookCall, name: &str) -> Option<&'a str> {
    call.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// A fact that is listed nowhere.
pub fn secret(call: &HookCall, name: &str) -> String {
    call.secrets.iter().find(|(known, _)| *known == name).unwrap().1.expose().clone()
}
