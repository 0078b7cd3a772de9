//! A world without sockets: some clients, and a request in one line.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use keyhook_builtin::endpoints::{IntrospectEndpoint, RevokeEndpoint, TokenEndpoint};
use keyhook_component::audit::{Audit, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::{Finished, HookCall, HookPoint};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Code, Grant, Records, Stored};
use keyhook_component::request::Request;
use keyhook_component::settings::{Lifetimes, Paths, Settings};
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_component::{BoxFuture, registry};
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::metadata::Issuer;
use keyhook_core::pkce::CodeChallenge;
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};
use keyhook_core::{AuthMethod, Client};
use serde_json::Value;

pub use crate::doubles::*;

pub const SECRET: &str = "correct-secret";
pub const REDIRECT: &str = "https://shop.example/cb";
/// RFC 7636 Appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub fn settings() -> Settings {
    Settings {
        issuer: Issuer::parse("https://id.example").unwrap(),
        dev: false,
        paths: Paths::default(),
        lifetimes: Lifetimes::default(),
        tokens: keyhook_component::settings::TokenSettings::default(),
        oauth1: None,
        builtin_login: true,
        builtin_consent: true,
        remember_consent: true,
        refresh_grace: Duration::from_secs(10),
        scope_descriptions: std::collections::BTreeMap::default(),
        compat: Vec::new(),
        attempts_per_user: 5,
        attempts_per_address: 50,
        attempts_window: Duration::from_mins(10),
        password_workers: 1,
        cookie_name: "__Host-keyhook".into(),
        cookie_secure: true,
        realm: "keyhook".into(),
    }
}

#[derive(Clone)]
pub struct World {
    pub context: Context,
    pub clock: Arc<TestClock>,
    pub store: Arc<SwitchedStore>,
    pub audit: Arc<Recorder>,
}

/// `shop` and `rival` are confidential, `app` is public, `api` introspects; all may do everything their kind may.
pub async fn world() -> World {
    // The linker drops a crate that nobody names.
    static NAMED: Once = Once::new();
    NAMED.call_once(|| assert!(registry::grants().len() >= 3));
    let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000)));
    let store = Arc::new(SwitchedStore::default());
    let audit = Arc::new(Recorder::default());
    let context = Context {
        settings: Arc::new(settings()),
        records: Records::new(Arc::clone(&store) as Arc<dyn Store>, 10_000),
        started_at: Timestamp::ZERO,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(Seeded(Mutex::new(7))),
        hooks: Arc::new(keyhook_component::hooks::NoHooks),
        audit: Arc::clone(&audit) as Arc<dyn Audit>,
        pages: Arc::new(NoPages),
        sealer: Arc::new(Sealer::new(vec![MasterKey::new([3; 32])]).unwrap()),
        grants: registry::grants().into(),
        formats: registry::token_formats().into(),
        metadata: bytes::Bytes::new(),
        dev: None,
    };
    let world = World { context, clock, store, audit };
    for client in [confidential("shop"), confidential("rival"), Client { introspect: true, ..confidential("api") }, public("app")] {
        world.register(client).await;
    }
    world
}

pub fn confidential(id: &str) -> Client {
    let mut client = Client::confidential(id, id, SecretHash::of(SECRET.as_bytes()));
    client.grant_types.push("client_credentials".into());
    client.scope = Scope::parse("read write").unwrap();
    client.default_scope = Scope::parse("read").unwrap();
    client
}

pub fn public(id: &str) -> Client {
    let scope = Scope::parse("read write").unwrap();
    Client { default_scope: scope.clone(), scope, ..Client::public(id, id) }
}

/// How a request authenticates.
#[derive(Clone, Copy)]
pub enum As<'a> {
    Basic(&'a str, &'a str),
    Public(&'a str),
    Nobody,
}

pub const SHOP: As<'static> = As::Basic("shop", SECRET);
pub const RIVAL: As<'static> = As::Basic("rival", SECRET);
pub const API: As<'static> = As::Basic("api", SECRET);

/// A form request to a back-channel endpoint.
pub fn request(path: &str, sender: As<'_>, form: &[(&str, &str)]) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let mut body = form_urlencoded::Serializer::new(String::new());
    match sender {
        As::Basic(id, secret) => {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&basic(id, secret)).unwrap());
        }
        As::Public(id) => {
            body.append_pair("client_id", id);
        }
        As::Nobody => {}
    }
    Request {
        id: "request-1".into(),
        method: Method::POST,
        path: path.to_owned(),
        query: String::new(),
        headers,
        body: body.extend_pairs(form).finish().into(),
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        scheme: "https",
        host: "id.example".into(),
        path_parameters: Vec::new(),
    }
}

fn basic(id: &str, secret: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("Basic ");
    for chunk in format!("{id}:{secret}").as_bytes().chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let digit = usize::try_from(word >> (18 - 6 * position) & 63).unwrap();
            out.push(if position <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    out
}

/// What came back: a response, or the one error.
pub type Answer = Result<Value, OAuthError>;

impl World {
    pub fn with_settings(mut self, change: impl FnOnce(&mut Settings)) -> World {
        let mut settings = settings();
        change(&mut settings);
        self.context.settings = Arc::new(settings);
        self
    }

    pub fn with_hooks(
        mut self,
        points: &[HookPoint],
        script: impl Fn(HookPoint, HookCall) -> BoxFuture<'static, Finished> + Send + Sync + 'static,
    ) -> World {
        self.context.hooks = Arc::new(ScriptedHooks { points: points.to_vec(), script: Box::new(script) });
        self
    }

    pub async fn register(&self, client: Client) {
        let key = Key::named(&client.id);
        let record = Stored::new(key, Timestamp::MAX, ClientBody(Arc::new(client)));
        assert_eq!(self.context.records.apply(Batch::new().with(record.put().unwrap())).await.unwrap(), Applied::Applied);
    }

    /// A code of `alice` for `read write`, as the authorization endpoint issues it.
    pub async fn code(&self, client: &str) -> String {
        self.code_with(client, |_, _| {}).await
    }

    pub async fn code_with(&self, client: &str, change: impl FnOnce(&mut Stored<Grant>, &mut Stored<Code>)) -> String {
        let now = self.clock.now();
        let scope = Scope::parse("read write").unwrap();
        let entropy = |context: &Context| u32::from_le_bytes(context.random.bytes());
        let grant_id = RecordId::new(now, entropy(&self.context));
        let code_id = RecordId::beside(grant_id, now, entropy(&self.context));
        let token = IssuedToken::new(TokenKind::Code, code_id, grant_id, self.context.random.bytes());
        let grant = Grant {
            scope: scope.clone(),
            auth_time: now,
            acr: None,
            amr: vec!["pwd".into()],
            data: keyhook_component::hooks::PluginData::new(),
        };
        let mut grant = Stored::new(Key::Issued(grant_id), now.plus(self.context.settings.lifetimes.grant), grant)
            .of_client(client)
            .of_subject(Some("alice".into()));
        let challenge = Some(CodeChallenge::parse(Some("S256"), CHALLENGE).unwrap());
        let code = Code { hash: token.hash(), redirect_uri: Some(REDIRECT.into()), challenge, scope };
        let mut code = Stored::new(Key::Issued(token.id), now.plus(Duration::from_mins(1)), code)
            .of_grant(grant_id)
            .of_client(client)
            .of_subject(Some("alice".into()));
        change(&mut grant, &mut code);
        let batch = Batch::new().with(grant.insert().unwrap()).with(code.insert().unwrap());
        assert_eq!(self.context.records.apply(batch).await.unwrap(), Applied::Applied);
        token.encode().into_inner()
    }

    pub async fn post(&self, endpoint: &dyn Endpoint, request: &Request) -> Answer {
        match endpoint.answer(request, &self.context).await {
            Ok(response) => {
                assert_eq!(response.status, 200);
                assert_eq!(response.headers[header::CACHE_CONTROL], "no-store", "RFC 6749 §5.1");
                assert_eq!(response.headers[header::PRAGMA], "no-cache", "RFC 6749 §5.1");
                assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
                Ok(serde_json::from_slice(&response.body).unwrap())
            }
            Err(refusal) => Err(refusal.error().clone()),
        }
    }

    pub async fn token(&self, sender: As<'_>, form: &[(&str, &str)]) -> Answer {
        self.post(&TokenEndpoint, &request("/token", sender, form)).await
    }

    /// Redeems a code with everything right.
    pub async fn redeem(&self, sender: As<'_>, code: &str) -> Answer {
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
        self.token(sender, &form).await
    }

    pub async fn refresh(&self, sender: As<'_>, token: &str) -> Answer {
        self.token(sender, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub async fn introspect(&self, sender: As<'_>, token: &str) -> Answer {
        self.post(&IntrospectEndpoint, &request("/introspect", sender, &[("token", token)])).await
    }

    pub async fn revoke(&self, sender: As<'_>, token: &str) -> Answer {
        self.post(&RevokeEndpoint, &request("/revoke", sender, &[("token", token)])).await
    }

    /// Whether a resource server would accept the token now.
    pub async fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(API, token).await.unwrap();
        if answer["active"] != true {
            assert_eq!(answer, serde_json::json!({ "active": false }), "RFC 7662 §2.2");
        }
        answer["active"] == true
    }

    pub fn last_event(&self) -> Event {
        self.audit.0.lock().unwrap().last().unwrap().clone()
    }

    pub fn written(&self) -> usize {
        self.store.records.load(Ordering::SeqCst)
    }
}

pub fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap()
}

/// `error` and the operator's code of a refusal.
pub fn refused(answer: Answer) -> (&'static str, &'static str) {
    let error = answer.unwrap_err();
    (error.code.wire(), error.kh)
}

pub fn other_auth(client: Client, method: AuthMethod) -> Client {
    Client { auth_method: method, ..client }
}
