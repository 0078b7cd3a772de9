//! What a guard makes of signed requests and of the server's answers to them.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use keyhook_core::Timestamp;
use keyhook_core::oauth1::Problem;
use serde_json::{Value, json};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::fetch::{BoxFuture, Fetch, FetchError};
use crate::{Guard, Identity, Introspection, Principal, Protocol, Refused, authenticated, is_consumer, is_oauth_user, not_oauth};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HEADER: &str = "OAuth oauth_consumer_key=\"printer\", oauth_signature=\"x\"";

/// A server with one answer, which remembers what it was asked.
#[derive(Clone)]
struct Server {
    answer: Arc<Value>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fetch for Server {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        self.asked.lock().unwrap().push(String::from_utf8(request.into_body().to_vec()).unwrap());
        Box::pin(std::future::ready(Ok(Response::new(Bytes::from(self.answer.to_string())))))
    }
}

fn server(answer: &Value) -> Server {
    Server { answer: Arc::new(answer.clone()), asked: Arc::default() }
}

fn guard(server: &Server) -> Guard {
    let introspection =
        || Introspection::at("https://id.example/introspect").client("api", "secret").fetch_with(server.clone()).build().unwrap();
    let guard = Guard::new(introspection()).realm("photos").clock(|| NOW);
    guard.signed_requests("https://api.example", introspection()).unwrap()
}

fn request(method: &str, uri: &str, authorization: Option<&str>, form: Option<&'static str>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    if form.is_some() {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    request.body(Full::new(Bytes::from(form.unwrap_or_default()))).unwrap()
}

fn user() -> Value {
    json!({ "active": true, "token_type": "OAuth", "client_id": "printer", "sub": "alice", "scope": "read", "exp": NOW.seconds() + 60 })
}

async fn identify(guard: &Guard, request: Request<Full<Bytes>>) -> Result<Option<Principal>, Refused> {
    guard.identify(&request.into_parts().0).await
}

#[tokio::test]
async fn a_signed_request_is_handed_over_as_it_was_signed_and_its_principal_comes_back() {
    let server = server(&user());
    let guard = guard(&server);
    let principal = identify(&guard, request("GET", "/photos?file=a%20b&size=", Some(HEADER), None)).await.unwrap().unwrap();
    assert_eq!(*principal.identity(), Identity::ClientForUser { client: "printer".into(), user: "alice".into() });
    assert_eq!((principal.protocol(), principal.scope().as_str()), (Protocol::OAuth1, "read"));
    let asked = form_urlencoded::parse(server.asked.lock().unwrap()[0].as_bytes()).into_owned().collect::<Vec<_>>();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(asked, [pair("method", "GET"), pair("uri", "https://api.example/photos?file=a%20b&size="), pair("authorization", HEADER)]);
}

/// A request is good once, so its answer is for nobody else.
#[tokio::test]
async fn the_server_is_asked_about_every_signed_request() {
    let server = server(&user());
    let guard = guard(&server);
    for _ in 0..3 {
        identify(&guard, request("GET", "/", Some(HEADER), None)).await.unwrap();
    }
    assert_eq!(server.asked.lock().unwrap().len(), 3);
}

/// RFC 5849 §3.5: in the header, in a form, in the query.
#[tokio::test]
async fn a_request_is_signed_wherever_it_says_so_and_others_are_left_to_the_bearer_tokens() {
    let server = server(&user());
    let guard = guard(&server);
    let by_query = request("GET", "/?oauth_consumer_key=printer&oauth_signature=x", None, None);
    assert!(identify(&guard, by_query).await.unwrap().is_some());
    let form = "a=1&oauth_consumer_key=printer&oauth_signature=x";
    let (parts, _) = request("POST", "/", None, Some(form)).into_parts();
    assert!(guard.admit_form(&parts, form.as_bytes(), &authenticated()).await.unwrap().is_some());
    assert!(identify(&guard, request("GET", "/?a=1", None, None)).await.unwrap().is_none());
    let basic = identify(&guard, request("GET", "/", Some("Basic eDp5"), None)).await.unwrap();
    assert!(basic.is_none() && server.asked.lock().unwrap().len() == 2);
}

#[tokio::test]
async fn what_cannot_be_verified_is_refused_and_not_taken_for_unsigned() {
    let guard = guard(&server(&user()));
    let form = identify(&guard, request("POST", "/", Some(HEADER), Some("a=1"))).await;
    assert!(matches!(form, Err(Refused::Malformed(_))), "its form is part of what is signed: {form:?}");
    let mut two = request("GET", "/", Some(HEADER), None);
    two.headers_mut().append("authorization", HEADER.parse().unwrap());
    assert!(matches!(identify(&guard, two).await, Err(Refused::Malformed(_))));
    let without = Guard::new(Introspection::at("https://id.example/x").client("api", "s").fetch_with(server(&user())).build().unwrap());
    assert!(matches!(identify(&without, request("GET", "/", Some(HEADER), None)).await, Err(Refused::Anonymous)));
}

/// RFC 5849 §3.2.
#[tokio::test]
async fn a_problem_goes_back_in_the_form_that_its_client_reads() {
    for (name, problem, status) in [
        ("nonce_used", Problem::NonceUsed, 401),
        ("timestamp_refused", Problem::TimestampRefused, 401),
        ("parameter_absent", Problem::ParameterAbsent, 400),
        ("something_new", Problem::SignatureInvalid, 401),
    ] {
        let guard = guard(&server(&json!({ "active": false, "oauth_problem": name })));
        let refused = identify(&guard, request("GET", "/", Some(HEADER), None)).await.unwrap_err();
        assert_eq!(refused, Refused::Problem(problem));
        let response = guard.refuse::<Bytes>(&refused);
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.body(), &format!("oauth_problem={}", problem.wire()));
        let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (status == 401).then_some("OAuth realm=\"photos\""));
    }
    let both = guard(&server(&user())).refuse::<Bytes>(&Refused::Anonymous);
    let challenges: Vec<_> = both.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer realm=\"photos\"", "OAuth realm=\"photos\""]);
}

#[tokio::test]
async fn an_answer_that_is_not_about_a_signed_request_lets_nobody_in() {
    let mut bearer = user();
    bearer["token_type"] = json!("Bearer");
    let mut untyped = user();
    untyped.as_object_mut().unwrap().remove("token_type");
    let mut nobody = user();
    nobody.as_object_mut().unwrap().remove("client_id");
    for answer in [bearer, untyped, nobody, json!([]), json!({ "active": "true" }), json!({})] {
        let outcome = identify(&guard(&server(&answer)), request("GET", "/", Some(HEADER), None)).await;
        assert!(matches!(outcome, Err(Refused::Unavailable(_))), "{answer}: {outcome:?}");
    }
    let mut over = user();
    over["exp"] = json!(NOW.seconds());
    let outcome = identify(&guard(&server(&over)), request("GET", "/", Some(HEADER), None)).await;
    assert_eq!(outcome.unwrap_err(), Refused::Problem(Problem::TokenExpired));
}

/// The truth tables of repoze.what's predicates; a user who has a client's name is no client (RFC 9700 §4.15).
#[tokio::test]
async fn the_same_rules_hold_for_signed_requests() {
    let alone = json!({ "active": true, "token_type": "OAuth", "client_id": "printer" });
    let mut namesake = user();
    namesake["sub"] = json!("printer");
    for (answer, consumer, oauth_user) in [(alone, true, false), (user(), false, true), (namesake, false, true)] {
        let guard = guard(&server(&answer));
        let (parts, _) = request("GET", "/", Some(HEADER), None).into_parts();
        for (rule, met) in [
            (is_consumer(None), consumer),
            (is_consumer("printer"), consumer),
            (is_consumer("other"), false),
            (is_oauth_user(None, None), oauth_user),
            (is_oauth_user(None, "printer"), oauth_user),
            (is_oauth_user(None, "other"), false),
            (not_oauth(), false),
            (authenticated(), true),
        ] {
            assert_eq!(guard.admit(&parts, &rule).await.is_ok(), met, "{answer} {rule:?}");
        }
    }
}

#[tokio::test]
async fn the_layer_reads_a_form_and_hands_it_on_byte_for_byte() {
    let server = server(&user());
    let guard = guard(&server);
    let echo = tower_echo();
    let mut service = guard.form_layer(authenticated()).layer(echo);
    let sent = "b=%7E+1&a=&b=2";
    let answer = service.call(request("POST", "/echo", Some(HEADER), Some(sent))).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), sent);
    assert!(server.asked.lock().unwrap()[0].ends_with("&form=b%3D%257E%2B1%26a%3D%26b%3D2"));
    let unsigned = service.call(request("POST", "/echo", None, Some("a=1"))).await.unwrap();
    assert_eq!(unsigned.status(), 401);
}

#[derive(Clone)]
struct Echo;

fn tower_echo() -> Echo {
    Echo
}

impl tower_service::Service<Request<Full<Bytes>>> for Echo {
    type Response = Response<Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_body())))
    }
}

#[test]
fn the_address_of_an_api_is_a_scheme_and_a_host() {
    let verifier = || Introspection::at("https://id.example/x").client("api", "s").fetch_with(server(&user())).build().unwrap();
    let of = |origin: &str| Guard::new(verifier()).signed_requests(origin, verifier());
    assert!(of("https://api.example").is_ok() && of("https://api.example:8443/").is_ok() && of("http://127.0.0.1:8080").is_ok());
    for wrong in ["http://api.example", "api.example", "https://api.example/v1", "https://api.example?x", "https://user@api.example"] {
        assert!(of(wrong).is_err(), "{wrong}");
    }
}
