#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::fetch::FetchError;
use crate::principal::Identity;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A server that says what it is told to say.
#[derive(Clone)]
struct Told {
    says: Arc<Mutex<Result<(u16, String), FetchError>>>,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<Option<Request<Bytes>>>>,
}

impl Told {
    fn new(body: &Value) -> Told {
        let says = Arc::new(Mutex::new(Ok((200, body.to_string()))));
        Told { says, asked: Arc::default(), last: Arc::default() }
    }

    fn say(&self, what: Result<(u16, &str), &str>) {
        *self.says.lock().unwrap() = what.map(|(status, body)| (status, body.to_owned())).map_err(|error| FetchError(error.to_owned()));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Fetch for Told {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = Some(request);
        let answer = self.says.lock().unwrap().clone();
        Box::pin(std::future::ready(answer.map(|(status, body)| Response::builder().status(status).body(Bytes::from(body)).unwrap())))
    }
}

fn introspection(server: &Told) -> IntrospectionBuilder {
    Introspection::at("https://id.example/introspect").client("the api", "s3cret+").fetch_with(server.clone())
}

fn good() -> Value {
    json!({
        "active": true, "client_id": "shop", "sub": "alice", "scope": "read write", "token_type": "Bearer",
        "exp": NOW.seconds() + 3600, "iat": NOW.seconds(), "iss": "https://id.example", "username": "Alice", "tenant": "acme",
    })
}

fn with(changes: &Value) -> Value {
    let mut body = good();
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| *value != json!("absent"));
    body
}

async fn verify(introspection: &Introspection, token: &str, now: Timestamp) -> Outcome {
    introspection.verify(&Secret::new(token.to_owned()), now).await
}

async fn outcome(changes: &Value) -> Outcome {
    verify(&introspection(&Told::new(&with(changes))).build().unwrap(), "a", NOW).await
}

/// RFC 7662 §2.1, RFC 6749 §2.3.1.
#[tokio::test]
async fn the_server_is_asked_with_the_credentials_of_the_api() {
    let server = Told::new(&good());
    let principal = verify(&introspection(&server).build().unwrap(), "a+token", NOW).await.unwrap();
    assert_eq!(*principal.identity(), Identity::ClientForUser { client: "shop".to_owned(), user: "alice".to_owned() });
    assert_eq!((principal.scope().as_str(), principal.issuer()), ("read write", Some("https://id.example")));
    assert_eq!(principal.expires_at(), Some(Timestamp::from_seconds(NOW.seconds() + 3600)));
    let names: Vec<_> = principal.attributes().keys().map(String::as_str).collect();
    assert_eq!((names, principal.attribute("tenant")), (vec!["tenant", "username"], Some(&json!("acme"))));

    let request = server.last.lock().unwrap().take().unwrap();
    assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("POST", "https://id.example/introspect"));
    assert_eq!(request.body(), "token=a%2Btoken&token_type_hint=access_token");
    let authorization = &request.headers()[AUTHORIZATION];
    let (id, secret) = keyhook_core::authorization_header::basic(authorization.as_bytes()).unwrap();
    assert_eq!((id.as_str(), secret.expose().as_str()), ("the api", "s3cret+"));
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused() {
    let hour_ago = NOW.seconds() - 3600;
    for changes in [
        json!({ "active": false }),
        json!({ "exp": NOW.seconds() }),
        json!({ "exp": hour_ago }),
        json!({ "nbf": NOW.seconds() + 1 }),
        json!({ "token_type": "DPoP" }),
        json!({ "cnf": { "jkt": "x" } }),
        // keyhook says no `token_type` of a refresh token.
        json!({ "token_type": "absent" }),
    ] {
        assert!(matches!(outcome(&changes).await, Err(Refused::InvalidToken(_))), "{changes}");
    }
    assert!(outcome(&json!({ "token_type": "bearer", "nbf": NOW.seconds(), "exp": "absent", "scope": "" })).await.is_ok());
    let lax = introspection(&Told::new(&with(&json!({ "token_type": "absent" })))).accept_untyped_tokens().build().unwrap();
    assert!(verify(&lax, "a", NOW).await.is_ok());
}

#[tokio::test]
async fn issuer_and_audience_must_be_ours_where_that_is_asked_for() {
    let audience = |body: Value| async move {
        let told = Told::new(&with(&body));
        verify(&introspection(&told).audience("https://api.example").build().unwrap(), "a", NOW).await
    };
    assert!(audience(json!({ "aud": "https://api.example" })).await.is_ok());
    assert!(audience(json!({ "aud": ["x", "https://api.example"] })).await.is_ok());
    for wrong in [json!({}), json!({ "aud": "https://other.example" }), json!({ "aud": [] })] {
        assert!(matches!(audience(wrong.clone()).await, Err(Refused::InvalidToken(_))), "{wrong}");
    }
    let other = introspection(&Told::new(&good())).issuer("https://other.example").build().unwrap();
    assert!(matches!(verify(&other, "a", NOW).await, Err(Refused::InvalidToken(_))));
}

/// Missing or broken means no, and a broken server is the operator's business: 503, never yes, never the caller's fault.
#[tokio::test]
async fn what_the_server_does_not_say_clearly_lets_nobody_in() {
    for changes in [
        json!({ "active": "true" }),
        json!({ "active": 1 }),
        json!({ "active": "absent" }),
        json!({ "client_id": "absent" }),
        json!({ "client_id": "" }),
        json!({ "client_id": 7 }),
        json!({ "sub": 7 }),
        json!({ "sub": "" }),
        json!({ "exp": "1900000000" }),
        json!({ "exp": 1.5e9 }),
        json!({ "nbf": null }),
        json!({ "aud": 7 }),
        json!({ "scope": ["read"] }),
        json!({ "scope": "a  b" }),
        json!({ "token_type": false }),
    ] {
        let Err(Refused::Unavailable(unavailable)) = outcome(&changes).await else { panic!("{changes}") };
        assert_eq!(unavailable.code, "KH0703", "{changes}");
    }
    let server = Told::new(&good());
    let guard = introspection(&server).build().unwrap();
    let table = [
        (Ok((200, "")), "KH0703"),
        (Ok((200, "[]")), "KH0703"),
        (Ok((200, "<html>")), "KH0703"),
        (Ok((302, "{\"active\":true}")), "KH0701"),
        (Ok((204, "")), "KH0701"),
        (Ok((401, "{}")), "KH0702"),
        (Ok((403, "{}")), "KH0702"),
        (Ok((500, "{\"active\":true}")), "KH0701"),
        (Err("connection refused"), "KH0701"),
    ];
    for (said, code) in table {
        server.say(said);
        let Err(Refused::Unavailable(unavailable)) = verify(&guard, "a", NOW).await else { panic!("{said:?}") };
        assert_eq!(unavailable.code, code, "{said:?}");
    }
    let body = good().to_string();
    server.say(Ok((200, &body)));
    assert!(verify(&guard, "a", NOW).await.is_ok(), "it is back, and nobody waits");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_until_the_deadline() {
    struct Silent;
    impl Fetch for Silent {
        fn fetch(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
            Box::pin(std::future::pending())
        }
    }
    let builder = Introspection::at("https://id.example/introspect").client("api", "secret").fetch_with(Silent);
    let guard = builder.deadline(Duration::from_millis(1)).build().unwrap();
    let Err(Refused::Unavailable(unavailable)) = verify(&guard, "a", NOW).await else { panic!("let in") };
    assert_eq!(unavailable.code, "KH0701");
}

#[tokio::test]
async fn an_answer_is_kept_for_five_seconds_and_never_past_the_end_of_the_token() {
    let server = Told::new(&good());
    let guard = introspection(&server).build().unwrap();
    let later = |millis| Timestamp::from_millis(NOW.millis() + millis);
    for now in [NOW, later(4999)] {
        assert!(verify(&guard, "a", now).await.is_ok());
    }
    assert_eq!(server.asked(), 1);
    server.say(Ok((200, "{\"active\":false}")));
    assert!(verify(&guard, "a", later(4999)).await.is_ok());
    assert!(verify(&guard, "a", later(5000)).await.is_err(), "a revoked token is let in for five seconds and no longer");
    assert!(verify(&guard, "a", later(5999)).await.is_err());
    assert_eq!(server.asked(), 2);
    assert!(verify(&guard, "a", later(6000)).await.is_err());
    assert_eq!(server.asked(), 3, "a refusal is kept for a second");

    let server = Told::new(&with(&json!({ "exp": NOW.seconds() + 2 })));
    let guard = introspection(&server).build().unwrap();
    assert!(verify(&guard, "a", NOW).await.is_ok());
    assert!(verify(&guard, "a", later(1999)).await.is_ok());
    assert_eq!(server.asked(), 1);
    assert!(verify(&guard, "a", later(2000)).await.is_err());
}

/// What cannot be an access token of keyhook costs no question.
#[tokio::test]
async fn a_token_of_keyhook_that_is_mistyped_or_of_another_kind_is_not_asked_about() {
    let server = Told::new(&good());
    let guard = introspection(&server).build().unwrap();
    let issue = |kind| {
        let id = keyhook_core::RecordId::from_raw(1 << 40);
        IssuedToken::new(kind, id, id, [7; 32]).encode().into_inner()
    };
    let access = issue(TokenKind::Access);
    for wrong in [&access[..73], "kha_nonsense", &issue(TokenKind::Refresh), &issue(TokenKind::Code), &issue(TokenKind::Session)] {
        assert!(matches!(verify(&guard, wrong, NOW).await, Err(Refused::InvalidToken(_))), "{wrong}");
    }
    assert_eq!(server.asked(), 0);
    assert!(verify(&guard, &access, NOW).await.is_ok());
    assert!(verify(&guard, "opaque-of-another-server", NOW).await.is_ok());
}

#[test]
fn what_would_be_unsafe_is_not_built() {
    let server = Told::new(&good());
    let of = || introspection(&server);
    assert!(of().build().is_ok());
    assert!(Introspection::at("https://id.example/introspect").fetch_with(server.clone()).build().is_err(), "no credentials");
    assert!(Introspection::at("http://id.example/introspect").client("a", "b").fetch_with(server.clone()).build().is_err());
    assert!(of().client("a", "").build().is_err());
    assert!(of().keep(Duration::from_secs(31)).build().is_err());
    assert!(of().keep_refusals(Duration::from_secs(31)).build().is_err());
    assert!(of().deadline(Duration::ZERO).build().is_err() && of().at_once(0).build().is_err());
}
