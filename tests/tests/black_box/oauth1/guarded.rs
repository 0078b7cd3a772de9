//! An API of somebody's own behind `keyhook-guard`, called with signed requests that the server verifies (RFC 5849 §3).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use keyhook_guard::{
    Guard, InProcess, Introspection, Principal, SignatureVerifier, Timestamp, has_scope, is_consumer, is_oauth_user, not_oauth,
};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::signing::{Consumer, Draft, Place, field};
use keyhook_tests::stage::SECRET;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Provider;

/// The API, and the provider of its callers' credentials.
struct Api {
    provider: Provider,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Api {
    /// Asks the server over a socket.
    fn start() -> Api {
        Api::verified_by(|_, introspection| Box::new(introspection))
    }

    /// Asks the server in its own process.
    fn beside() -> Api {
        Api::verified_by(|provider, _| Box::new(InProcess::new(provider.local.service())))
    }

    fn verified_by(verifier: impl FnOnce(&Provider, Introspection) -> Box<dyn SignatureVerifier>) -> Api {
        let provider = Provider::new();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let introspection =
            || Introspection::at(format!("http://localhost:{}/introspect", provider.local.port)).client("api", SECRET).build().unwrap();
        let clock = Arc::clone(&provider.local.clock);
        let guard = Guard::new(introspection()).realm("photos").clock(move || Timestamp::from_seconds(clock.seconds()));
        let guard = guard.signed_requests(&format!("http://localhost:{}", address.port()), verifier(&provider, introspection())).unwrap();
        let app = Router::new()
            .route("/photos", get(who).layer(guard.form_layer(is_oauth_user("alice", "printer"))))
            .route("/nightly", get(who).layer(guard.form_layer(is_consumer("printer"))))
            .route("/scoped", get(who).layer(guard.form_layer(has_scope("admin"))))
            .route("/password", get(|| async { "anonymous" }).layer(guard.form_layer(not_oauth())))
            .route("/echo", post(|body: String| async move { body }).layer(guard.form_layer(has_scope("read"))));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Api { provider, address, _runtime: runtime }
    }

    fn client(&self) -> Client {
        Client::new(self.address, &format!("localhost:{}", self.address.port()))
    }

    fn draft(&self, consumer: &Consumer, method: &str, path: &str) -> Draft {
        self.provider.draft(consumer, method, path)
    }

    fn called(&self, draft: &Draft) -> Answer {
        draft.send(&mut self.client(), Place::Header)
    }
}

/// Status and problem of a refusal by the guard, in the form of its protocol.
fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/x-www-form-urlencoded"), "{}", answer.text());
    assert_eq!(answer.header("www-authenticate"), (answer.status == 401).then_some("OAuth realm=\"photos\""));
    (answer.status, field(answer, "oauth_problem").unwrap_or_default())
}

async fn who(axum::Extension(principal): axum::Extension<Principal>) -> String {
    format!("{} for {}", principal.client().unwrap_or("nobody"), principal.user().unwrap_or("itself"))
}

/// The truth tables of repoze.what's predicates.
#[test]
fn a_guard_knows_a_user_from_a_consumer_by_the_signature_of_a_request() {
    for api in [Api::start(), Api::beside()] {
        let (token, alone) = (api.provider.token(), api.provider.printer.clone());
        assert_eq!(api.called(&api.draft(&token, "GET", "/photos?size=original&empty=&a=1&a=2")).text(), "printer for alice");
        assert_eq!(api.called(&api.draft(&alone, "GET", "/nightly")).text(), "printer for itself");
        for (consumer, path) in
            [(&alone, "/photos"), (&token, "/nightly"), (&api.provider.rival, "/nightly"), (&token, "/scoped"), (&token, "/password")]
        {
            assert_eq!(api.called(&api.draft(consumer, "GET", path)).status, 403, "{path}");
        }
        assert_eq!(api.client().get("/password").text(), "anonymous", "who proved nothing is no client");
        assert_eq!(api.client().get("/photos").status, 401);
    }
}

/// repoze.who's plugin left an empty body to the application.
#[test]
fn a_form_is_under_the_signature_and_reaches_the_application_byte_for_byte() {
    for api in [Api::start(), Api::beside()] {
        let token = api.provider.token();
        let form = "title=a+b%20c&title=&tag=%7E%C3%A9&plus=%2B";
        for place in [Place::Header, Place::Query] {
            let draft = api.draft(&token, "POST", &format!("/echo?by={place:?}")).form(form);
            assert_eq!(draft.send(&mut api.client(), place).text(), form, "{place:?}");
        }
        let in_body = api.draft(&token, "POST", "/echo").form(form).send(&mut api.client(), Place::Body);
        assert!(in_body.text().starts_with(form) && in_body.text().contains("oauth_signature="), "{}", in_body.text());

        let draft = api.draft(&token, "POST", "/echo?other").form(form);
        let authorization = draft.authorization(&format!("localhost:{}", api.address.port()));
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let changed = api.client().request("POST", "/echo?other", &headers, b"title=another");
        assert_eq!(problem(&changed), (401, "signature_invalid".to_owned()));
    }
}

/// RFC 5849 §3.3.
#[test]
fn a_request_passes_the_guard_once_and_a_revoked_token_never_again() {
    for api in [Api::start(), Api::beside()] {
        let token = api.provider.token();
        let draft = api.draft(&token, "GET", "/photos");
        assert_eq!(api.called(&draft).status, 200);
        assert_eq!(problem(&api.called(&draft)), (401, "nonce_used".to_owned()));
        let late = api.draft(&token, "GET", "/photos").with("oauth_timestamp", "1500000000");
        assert_eq!(problem(&api.called(&late)), (401, "timestamp_refused".to_owned()));

        let form = format!("token={}", keyhook_tests::http::encode(&token.token.0));
        let revoked = api.provider.draft(&token, "POST", "/revoke").form(&form).send(&mut api.provider.client(), Place::Header);
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let answer = api.called(&api.draft(&token, "GET", "/photos?again"));
        assert_eq!(problem(&answer).0, 401, "seen at once: there is no answer that is kept");
    }
}
