//! `token_grant` and `client_assertion`: what one plugin decides, the server checks, narrows and mints (RFC 6749 §4.5, RFC 7521 §4.2).

use std::sync::{Arc, Mutex};

use keyhook_builtin::endpoints::IntrospectEndpoint;
use keyhook_component::BoxFuture;
use keyhook_component::batch::Batch;
use keyhook_component::hooks::{Finished, Granting, HookCall, HookPoint, Hooks, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::{Stored, User};
use keyhook_core::error::OAuthError;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use keyhook_core::{AuthMethod, Client};
use serde_json::{Value, json};

use crate::support::*;

const BADGE: &str = "urn:example:grant:badge";
const KIND: &str = "urn:example:assertion";

type Script = dyn Fn(HookCall) -> (HookCall, Verdict) + Send + Sync;

/// Plugin `bob`, who provides a grant and an assertion type, and may listen to the token hooks.
struct Provider {
    script: Box<Script>,
    response: bool,
    seen: Mutex<Vec<HookCall>>,
}

impl Hooks for Provider {
    fn any(&self, point: HookPoint) -> bool {
        self.response && point == HookPoint::AccessTokenResponse
    }

    fn run(&self, _: HookPoint, mut call: HookCall) -> BoxFuture<'static, Finished> {
        let data = call.data.entry("bob".into()).or_default();
        let hops = data.get("hops").and_then(Value::as_u64).unwrap_or_default();
        data.insert("hops".into(), (hops + 1).into());
        call.response.insert("hops".into(), hops.into());
        Box::pin(std::future::ready(finished(call, Verdict::Continue)))
    }

    fn generation(&self, _: HookPoint) -> u64 {
        0
    }

    fn provided(&self, point: HookPoint) -> Vec<&str> {
        match point {
            HookPoint::TokenGrant => vec![BADGE],
            HookPoint::ClientAssertion => vec![KIND],
            _ => Vec::new(),
        }
    }

    fn provide(&self, point: HookPoint, value: &str, call: HookCall) -> Option<BoxFuture<'static, Finished>> {
        self.provided(point).contains(&value).then(|| {
            self.seen.lock().unwrap().push(call.clone());
            let (call, verdict) = (self.script)(call);
            Box::pin(std::future::ready(finished(call, verdict))) as _
        })
    }
}

async fn asked(response: bool, script: impl Fn(HookCall) -> (HookCall, Verdict) + Send + Sync + 'static) -> (World, Arc<Provider>) {
    let mut world = world().await;
    let provider = Arc::new(Provider { script: Box::new(script), response, seen: Mutex::default() });
    world.context.hooks = Arc::clone(&provider) as Arc<dyn Hooks>;
    let mut desk = confidential("desk");
    desk.grant_types = vec![BADGE.into(), "refresh_token".into()];
    world.register(desk).await;
    world.register(Client { grant_types: vec![BADGE.into()], ..confidential("plain") }).await;
    (world, provider)
}

async fn granting(granting: Granting) -> World {
    asked(false, move |call| (call, Verdict::Grant(Box::new(granting.clone())))).await.0
}

const DESK: As<'static> = As::Basic("desk", SECRET);

async fn shown(world: &World, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", BADGE), ("badge", "4711")];
    form.extend_from_slice(more);
    world.token(DESK, &form).await
}

fn alice() -> Granting {
    Granting { subject: Some("alice".into()), ..Granting::default() }
}

#[tokio::test]
async fn a_plugin_s_grant_is_minted_for_its_subject_and_ends_with_its_user() {
    let world = granting(Granting { refresh: true, ..alice() }).await;
    let answer = shown(&world, &[]).await.unwrap();
    let told = world.introspect(API, text(&answer, "access_token")).await.unwrap();
    assert_eq!((&told["sub"], &told["client_id"], &told["scope"]), (&json!("alice"), &json!("desk"), &json!("read")));
    assert_eq!(world.last_event().plugin, None, "introspection");
    let refreshed = world.refresh(DESK, text(&answer, "refresh_token")).await.unwrap();
    assert!(world.is_active(text(&refreshed, "access_token")).await);
    world.revoke(DESK, text(&refreshed, "refresh_token")).await.unwrap();
    assert!(!world.is_active(text(&answer, "access_token")).await, "the family has one record");
}

#[tokio::test]
async fn a_refresh_token_is_for_clients_that_may_have_one() {
    let world = granting(Granting { refresh: true, ..alice() }).await;
    let answer = world.token(As::Basic("plain", SECRET), &[("grant_type", BADGE)]).await.unwrap();
    assert_eq!(answer["refresh_token"], Value::Null);
    let world = granting(alice()).await;
    assert_eq!(shown(&world, &[]).await.unwrap()["refresh_token"], Value::Null, "nobody asked for one");
}

#[tokio::test]
async fn a_grant_to_the_client_itself_writes_one_record() {
    let world = granting(Granting::default()).await;
    let before = world.written();
    let answer = shown(&world, &[]).await.unwrap();
    assert_eq!(world.written(), before + 1);
    let told = world.introspect(API, text(&answer, "access_token")).await.unwrap();
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!("desk")));
}

/// RFC 6749 §3.3: what is granted is never more than what the client may have, asked for, and the plugin allows.
#[tokio::test]
async fn the_scope_only_shrinks() {
    for (allowed, requested, granted) in [
        (None, None, Ok("read")),
        (None, Some("write"), Ok("write")),
        (None, Some("admin"), Err("invalid_scope")),
        (Some("read write admin"), None, Ok("read write")),
        (Some("read write"), Some("write"), Ok("write")),
        (Some("read"), Some("read write"), Ok("read")),
        (Some("read"), Some("write"), Err("invalid_scope")),
        (Some("admin"), None, Err("invalid_scope")),
        (Some("bad\"scope"), None, Err("server_error")),
    ] {
        let world = granting(Granting { scope: allowed.map(str::to_owned), ..alice() }).await;
        let more: Vec<_> = requested.map(|scope| ("scope", scope)).into_iter().collect();
        let answer = shown(&world, &more).await;
        match granted {
            Ok(scope) => assert_eq!(Scope::parse(text(&answer.unwrap(), "scope")).unwrap(), Scope::parse(scope).unwrap(), "{allowed:?}"),
            Err(error) => assert_eq!(refused(answer).0, error, "{allowed:?} {requested:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_not_registered_for_the_grant_does_not_reach_the_plugin() {
    let (world, provider) = asked(false, |call| (call, Verdict::Grant(Box::new(alice())))).await;
    assert_eq!(refused(world.token(SHOP, &[("grant_type", BADGE)]).await).0, "unauthorized_client");
    assert_eq!(refused(world.token(As::Basic("desk", "wrong"), &[("grant_type", BADGE)]).await).0, "invalid_client");
    assert_eq!(refused(world.token(DESK, &[("grant_type", "urn:example:other")]).await), ("unsupported_grant_type", "KH0218"));
    assert!(provider.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_plugin_sees_its_own_parameters_and_no_credential_of_the_client() {
    let (world, provider) = asked(false, |call| (call, Verdict::Grant(Box::new(alice())))).await;
    world.register(other_auth(Client { grant_types: vec![BADGE.into()], ..confidential("post") }, AuthMethod::SecretPost)).await;
    let form =
        [("grant_type", BADGE), ("client_id", "post"), ("client_secret", SECRET), ("assertion", "a"), ("password", "p"), ("code", "c")];
    world.token(As::Nobody, &form).await.unwrap();
    let call = provider.seen.lock().unwrap().pop().unwrap();
    let names: Vec<_> = call.form.as_ref().unwrap().iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["grant_type", "client_id", "assertion", "password", "code"]);
    let request = call.request.unwrap();
    assert!(request.body.is_empty() && !request.headers.contains_key("authorization"));
    assert_eq!(call.facts.iter().find(|(name, _)| *name == "client_id").unwrap().1, "post");
}

#[tokio::test]
async fn a_denial_is_the_answer_and_whatever_is_no_answer_is_an_error() {
    let (deny, _) = asked(false, |call| (call, Verdict::Deny(OAuthError::invalid_grant()))).await;
    let before = deny.written();
    assert_eq!(refused(shown(&deny, &[]).await).0, "invalid_grant");
    assert_eq!((deny.written(), deny.last_event().plugin.as_deref()), (before, Some("bob")));
    for verdict in [|| Verdict::Continue, || Verdict::Client("desk".into())] as [fn() -> Verdict; 2] {
        let (world, _) = asked(false, move |call| (call, verdict())).await;
        assert_eq!(refused(shown(&world, &[]).await), ("server_error", "KH0263"));
    }
}

#[tokio::test]
async fn a_disabled_user_gets_nothing_from_a_plugin() {
    let world = granting(alice()).await;
    let user = User { password: None, name: None, disabled: true, created_at: world.context.now() };
    let record = Stored::new(Key::named("alice"), Timestamp::MAX, user);
    let _ = world.context.records.apply(Batch::new().with(record.put().unwrap())).await.unwrap();
    assert_eq!(refused(shown(&world, &[]).await), ("invalid_grant", "KH0278"));
}

#[tokio::test]
async fn data_travels_with_the_grant_through_the_response_hook_and_every_refresh() {
    let (world, _) = asked(true, |mut call| {
        call.data.entry("bob".into()).or_default().insert("hops".into(), 7.into());
        (call, Verdict::Grant(Box::new(Granting { refresh: true, ..Granting::default() })))
    })
    .await;
    let mut answer = shown(&world, &[]).await.unwrap();
    for expected in [7, 8, 9] {
        assert_eq!(answer["hops"], expected);
        answer = world.refresh(DESK, text(&answer, "refresh_token")).await.unwrap();
    }
}

async fn asserting(script: impl Fn() -> Verdict + Send + Sync + 'static) -> (World, Arc<Provider>) {
    let (world, provider) = asked(false, move |call| (call, script())).await;
    let robot = other_auth(Client { secrets: Vec::new(), ..confidential("robot") }, AuthMethod::Assertion);
    world.register(robot.clone()).await;
    world.register(Client { id: "off".into(), disabled: true, ..robot }).await;
    (world, provider)
}

async fn asserted(world: &World, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials"), ("client_assertion_type", KIND), ("client_assertion", "proof")];
    form.extend_from_slice(more);
    world.token(As::Nobody, &form).await
}

/// RFC 7521 §4.2.
#[tokio::test]
async fn a_client_that_a_plugin_proves_is_believed_everywhere() {
    let (world, provider) = asserting(|| Verdict::Client("robot".into())).await;
    let answer = asserted(&world, &[]).await.unwrap();
    assert_eq!(world.last_event().client_id.as_deref(), Some("robot"));
    assert!(asserted(&world, &[("client_id", "robot")]).await.is_ok());
    assert!(world.is_active(text(&answer, "access_token")).await);
    let form = provider.seen.lock().unwrap()[0].form.clone().unwrap();
    assert_eq!((form.first("client_assertion"), form.first("grant_type")), (Some("proof"), Some("client_credentials")));
    let form = [("token", text(&answer, "access_token")), ("client_assertion_type", KIND), ("client_assertion", "proof")];
    let asked = request("/introspect", As::Nobody, &form);
    let told = world.post(&IntrospectEndpoint, &asked).await.unwrap();
    assert_eq!(told["active"], true);
}

/// RFC 6749 §5.2: one answer for all causes.
#[tokio::test]
async fn every_reason_to_disbelieve_an_assertion_looks_the_same() {
    let (world, _) = asserting(|| Verdict::Client("robot".into())).await;
    let wrong = asserted(&world, &[("client_id", "shop")]).await.unwrap_err();
    let mut bodies = vec![wrong.json()];
    for id in ["off", "shop", "app", "nobody", &"x".repeat(300)] {
        let id = id.to_owned();
        let (world, _) = asserting(move || Verdict::Client(id.clone())).await;
        bodies.push(asserted(&world, &[]).await.unwrap_err().json());
    }
    for error in [OAuthError::access_denied().with_public("nobody hears this"), OAuthError::invalid_grant()] {
        let (world, _) = asserting(move || Verdict::Deny(error.clone())).await;
        bodies.push(asserted(&world, &[]).await.unwrap_err().json());
    }
    let unknown = [("grant_type", "client_credentials"), ("client_assertion_type", "urn:other"), ("client_assertion", "proof")];
    bodies.push(world.token(As::Nobody, &unknown).await.unwrap_err().json());
    assert!(bodies.iter().all(|body| *body == OAuthError::invalid_client().json()), "{bodies:?}");
}

/// RFC 6749 §2.3.
#[tokio::test]
async fn an_assertion_beside_another_method_reaches_no_plugin() {
    let (world, provider) = asserting(|| Verdict::Client("robot".into())).await;
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", KIND), ("client_assertion", "proof")];
    assert_eq!(refused(world.token(SHOP, &form).await), ("invalid_request", "KH0221"));
    assert_eq!(refused(asserted(&world, &[("client_secret", SECRET)]).await).0, "invalid_request");
    assert!(provider.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_plugin_that_breaks_proves_nobody() {
    for (error, expected) in
        [(OAuthError::server_error("it panicked"), "server_error"), (OAuthError::temporarily_unavailable(1), "temporarily_unavailable")]
    {
        let (world, _) = asserting(move || Verdict::Deny(error.clone())).await;
        assert_eq!(refused(asserted(&world, &[]).await).0, expected);
    }
    let (world, _) = asserting(|| Verdict::Continue).await;
    assert_eq!(refused(asserted(&world, &[]).await), ("server_error", "KH0263"));
}

#[tokio::test]
async fn a_client_with_a_secret_is_not_believed_by_assertion() {
    let (world, _) = asserting(|| Verdict::Client("shop".into())).await;
    assert_eq!(refused(asserted(&world, &[]).await), ("invalid_client", "KH0224"), "shop is registered for its secret");
    assert!(world.token(SHOP, &[("grant_type", "client_credentials")]).await.is_ok());
}
