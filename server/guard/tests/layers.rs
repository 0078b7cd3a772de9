//! The guard around services of axum and of hyper: what is let in, what is said to the others, and that bodies are left alone.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Extension;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use keyhook_guard::fetch::BoxFuture;
use keyhook_guard::{
    Guard, Identity, Predicate, Principal, Protocol, Proved, Refused, ResourceMetadata, Scope, Secret, Timestamp, Unavailable, Verifier,
    all, any, authenticated, has_scope, is_consumer, is_oauth_user, not_oauth,
};

/// Knows three tokens.
struct Known;

impl Verifier for Known {
    fn verify<'a>(&'a self, token: &'a Secret<String>, _: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>> {
        let client = "shop".to_owned();
        let proved = |identity| {
            let scope = Scope::parse("read").unwrap();
            let (audience, attributes) = (Vec::new(), serde_json::Map::new());
            let protocol = Protocol::OAuth2;
            Ok(Principal::new(Proved { identity, protocol, scope, audience, issuer: None, expires_at: None, attributes }))
        };
        Box::pin(std::future::ready(match token.expose().as_str() {
            "of-alice" => proved(Identity::ClientForUser { client, user: "alice".to_owned() }),
            "of-shop" => proved(Identity::Client { client }),
            "away" => Err(Refused::Unavailable(Unavailable { code: "KH0701", cause: "refused by 10.0.0.1".to_owned() })),
            _ => Err(Refused::InvalidToken("nobody knows it")),
        }))
    }
}

fn guard() -> Guard {
    Guard::new(Known).realm("photos")
}

async fn whoami(principal: Option<Extension<Principal>>) -> String {
    principal.map_or_else(|| "nobody".to_owned(), |Extension(principal)| format!("{:?}", principal.identity()))
}

fn router(rule: Predicate) -> Router {
    Router::new().route("/", get(whoami).post(|body: String| async move { body })).layer(guard().layer(rule))
}

fn request(authorization: &str) -> Request<AxumBody> {
    let builder = Request::get("/");
    let builder = if authorization.is_empty() { builder } else { builder.header("authorization", authorization) };
    builder.body(AxumBody::empty()).unwrap()
}

async fn call(router: &Router, request: Request<AxumBody>) -> (u16, String, String) {
    let response = tower_service::Service::call(&mut router.clone(), request).await.unwrap();
    let challenge = response.headers().get("www-authenticate").map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, challenge, String::from_utf8(body.to_vec()).unwrap())
}

/// RFC 6750 §3 and §3.1.
#[tokio::test]
async fn an_axum_router_is_guarded() {
    let router = router(all([is_oauth_user(None, None), has_scope("read")]));
    let (status, _, body) = call(&router, request("Bearer of-alice")).await;
    assert_eq!((status, body.as_str()), (200, "ClientForUser { client: \"shop\", user: \"alice\" }"));
    for (authorization, status, challenge) in [
        ("", 401, "Bearer realm=\"photos\""),
        ("Basic YTpi", 401, "Bearer realm=\"photos\""),
        ("OAuth oauth_token=\"x\"", 401, "Bearer realm=\"photos\""),
        ("Bearer wrong", 401, "Bearer realm=\"photos\", error=\"invalid_token\", "),
        ("Bearer a b", 400, "Bearer realm=\"photos\", error=\"invalid_request\", "),
        ("Bearer of-shop", 403, ""),
        ("Bearer away", 503, ""),
    ] {
        let answer = call(&router, request(authorization)).await;
        assert_eq!(answer.0, status, "{authorization}: {answer:?}");
        assert!(
            if challenge.ends_with(", ") { answer.1.starts_with(challenge) } else { answer.1 == challenge },
            "{authorization}: {answer:?}"
        );
        assert!(!answer.2.contains("10.0.0.1") && !answer.2.contains("nobody knows"), "{answer:?}");
    }
    let (status, challenge, _) = call(&self::router(has_scope("write")), request("Bearer of-alice")).await;
    assert_eq!(status, 403);
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"write\""), "{challenge}");
}

#[tokio::test]
async fn a_rule_may_let_in_who_proved_nothing_but_not_who_brings_a_bad_token() {
    let router = router(not_oauth());
    assert_eq!(call(&router, request("")).await.2, "nobody");
    assert_eq!(call(&router, request("Basic YTpi")).await.2, "nobody");
    for (authorization, status) in
        [("Bearer of-alice", 403), ("Bearer wrong", 401), ("Bearer away", 503), ("Bearer a b", 400), ("OAuth x", 401), ("DPoP x", 401)]
    {
        assert_eq!(call(&router, request(authorization)).await.0, status, "{authorization}");
    }
}

#[tokio::test]
async fn the_sign_in_of_the_application_counts_where_there_is_no_token() {
    let router = router(any([is_consumer(None), all([not_oauth(), authenticated()])]));
    let mut signed_in = request("");
    signed_in.extensions_mut().insert(Principal::user_of_application("alice"));
    assert_eq!(call(&router, signed_in).await.2, "User { user: \"alice\" }");
    let mut both = request("Bearer of-shop");
    both.extensions_mut().insert(Principal::user_of_application("alice"));
    assert_eq!(call(&router, both).await.2, "Client { client: \"shop\" }", "the token says who it is");
    assert_eq!(call(&router, request("")).await.0, 401);
}

/// A body that must not be polled before the service does.
struct Untouched;

impl Body for Untouched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the guard read the body")
    }
}

async fn hello(request: Request<Untouched>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<Principal>().and_then(|principal| principal.user().map(str::to_owned));
    assert!(request.headers().get("authorization").is_none_or(http::HeaderValue::is_sensitive));
    Ok(Response::new(Full::from(user.unwrap_or_default())))
}

/// repoze.who swallowed the body of every request with a form.
#[tokio::test]
async fn a_service_of_hyper_is_guarded_and_the_body_is_left_alone() {
    let service = guard().around(authenticated(), hyper::service::service_fn(hello));
    for (authorization, status) in [("Bearer of-alice", 200), ("Bearer wrong", 401)] {
        let request = Request::post("/").header("authorization", authorization);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Untouched).unwrap();
        let response = hyper::service::Service::call(&service, request).await.unwrap();
        assert_eq!(response.status(), status);
    }
    let router = router(authenticated());
    let form = Request::post("/").header("authorization", "Bearer of-alice").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(call(&router, form.body(AxumBody::from("access_token=x&a=1")).unwrap()).await.2, "access_token=x&a=1");
}

/// RFC 9728 §3 and §5.1.
#[tokio::test]
async fn the_challenge_leads_to_the_metadata() {
    let metadata = ResourceMetadata::new("https://api.example/v1", ["https://id.example"]).unwrap();
    let guard = guard().resource_metadata(metadata.url());
    let app = Router::new().route("/", get(whoami)).layer(guard.layer(authenticated())).route_service(&metadata.path(), metadata.clone());
    let (_, challenge, _) = call(&app, request("")).await;
    assert_eq!(challenge, "Bearer realm=\"photos\", resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/v1\"");
    let get = Request::get("/.well-known/oauth-protected-resource/v1").body(AxumBody::empty()).unwrap();
    let (status, _, body) = call(&app, get).await;
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &document["resource"]), (200, &serde_json::json!("https://api.example/v1")));
}
