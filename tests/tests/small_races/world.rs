//! A server in this process whose endpoints are called without sockets, over any store, and the things that are raced for.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use keyhook_builtin::endpoints::{IntrospectEndpoint, RevokeEndpoint, TokenEndpoint};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::PluginData;
use keyhook_component::record::{Key, Kind, State};
use keyhook_component::records::{Code, Grant, Stored};
use keyhook_component::request::Request;
use keyhook_component::store::{Index, Page};
use keyhook_core::id::RecordId;
use keyhook_core::pkce::CodeChallenge;
use keyhook_core::scope::Scope;
use keyhook_core::token::{IssuedToken, TokenKind};
use keyhook_tests::back_channel::Tokens;
use keyhook_tests::flow::Pkce;
use keyhook_tests::http::{basic, encode_form};
use keyhook_tests::stage::{SECRET, SHOP_URI, Stage, confidential};
use serde_json::Value;

/// The server and its client.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stage: Arc<Stage>,
    context: Arc<Context>,
    authorization: Arc<str>,
    pkce: Pkce,
}

/// What an endpoint answered: the JSON of a 200, or the error's name.
pub(crate) type Answer = Result<Value, &'static str>;

impl World {
    /// A server over a store that forgets or need not reach the disk: races are lost in the code, not on the disk.
    pub(crate) fn new(store: &str, grace: &str) -> World {
        let mut shop = confidential("shop");
        shop.introspect = true;
        let text = format!("[tokens]\nrefresh_grace = \"{grace}\"\n[store]\ndurable = false\n");
        let stage = Arc::new(Stage::with(|builder| builder.client(shop).store(store).config_text(text)));
        let context = stage.context();
        World { stage, context, authorization: basic("shop", SECRET).into(), pkce: Pkce::new("races") }
    }

    async fn ask(&self, endpoint: &dyn Endpoint, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&self.authorization).unwrap());
        let request = Request {
            id: "a-race".into(),
            method: Method::POST,
            path: path.to_owned(),
            query: String::new(),
            headers,
            body: encode_form(form).into(),
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            scheme: "http",
            host: "localhost".into(),
            path_parameters: Vec::new(),
        };
        match endpoint.answer(&request, &self.context).await {
            Ok(response) => Ok(serde_json::from_slice(&response.body).unwrap_or_default()),
            Err(refusal) => Err(refusal.error().code.wire()),
        }
    }

    /// Redeems a code as it should be done.
    pub(crate) async fn redeem(&self, code: String) -> Result<Tokens, &'static str> {
        let verifier = self.pkce.verifier.as_str();
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", SHOP_URI), ("code_verifier", verifier)];
        self.ask(&TokenEndpoint, "/token", &form).await.map(|answer| tokens(&answer))
    }

    /// Uses a refresh token.
    pub(crate) async fn refresh(&self, token: String) -> Result<Tokens, &'static str> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        self.ask(&TokenEndpoint, "/token", &form).await.map(|answer| tokens(&answer))
    }

    /// Revokes a token.
    pub(crate) async fn revoke(&self, token: String) {
        self.ask(&RevokeEndpoint, "/revoke", &[("token", &token)]).await.unwrap();
    }

    /// Whether a token is active.
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.ask(&IntrospectEndpoint, "/introspect", &[("token", token)]).await.unwrap()["active"] == true
    }

    /// Sees that both are dead.
    pub(crate) async fn dead(&self, tokens: &Tokens) -> bool {
        !self.is_active(&tokens.access).await && !self.is_active(&tokens.refresh).await
    }

    /// So many codes of alice for the client, each of a grant of its own, as the authorization endpoint issues them. The clock moves
    /// on, so that their ids do not run out.
    pub(crate) async fn codes(&self, count: usize) -> Vec<String> {
        self.stage.advance(Duration::from_millis(7));
        let mut codes = Vec::with_capacity(count);
        while codes.len() < count {
            codes.extend(self.code().await);
        }
        codes
    }

    /// A code, or none when one of the ids is taken.
    async fn code(&self) -> Option<String> {
        let context = &self.context;
        let now = context.now();
        let chance = || u32::from_le_bytes(context.random.bytes());
        let grant = RecordId::new(now, chance());
        let token = IssuedToken::new(TokenKind::Code, RecordId::beside(grant, now, chance()), grant, context.random.bytes());
        let scope = Scope::parse("read write").unwrap();
        let grant = Grant { scope: scope.clone(), auth_time: now, acr: None, amr: Vec::new(), data: PluginData::new() };
        let grant = Stored::new(Key::Issued(token.grant), now.plus(context.settings.lifetimes.grant), grant)
            .of_client("shop")
            .of_subject(Some("alice".into()));
        let challenge = Some(CodeChallenge::parse(Some("S256"), &self.pkce.challenge).unwrap());
        let code = Code { hash: token.hash(), redirect_uri: Some(SHOP_URI.into()), challenge, scope };
        let code = Stored::new(Key::Issued(token.id), now.plus(Duration::from_mins(1)), code)
            .of_grant(token.grant)
            .of_client("shop")
            .of_subject(Some("alice".into()));
        let batch = Batch::new().with(grant.insert().unwrap()).with(code.insert().unwrap());
        let applied = context.records.apply(batch).await.unwrap();
        (applied == Applied::Applied).then(|| token.encode().into_inner())
    }

    /// How many refresh tokens are live in the store: the heads of all families.
    pub(crate) async fn heads(&self) -> usize {
        let (mut heads, mut after) = (0, None);
        loop {
            let page = Page { after, limit: 1000 };
            let records = self.context.records.stores()[0].list(Kind::RefreshToken, &Index::All, page).await.unwrap();
            heads += records.iter().filter(|record| record.state == State::Live).count();
            let Some(last) = records.into_iter().last() else { return heads };
            after = Some(last.key);
        }
    }

    /// The store below.
    pub(crate) fn store(&self) -> Arc<dyn keyhook_component::store::Store> {
        Arc::clone(&self.context.records.stores()[0])
    }
}

fn tokens(answer: &Value) -> Tokens {
    let member = |name: &str| answer[name].as_str().unwrap().to_owned();
    Tokens { access: member("access_token"), refresh: member("refresh_token") }
}
