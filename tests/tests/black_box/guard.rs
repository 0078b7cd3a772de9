//! An API behind `keyhook-guard`, whose tokens a real server issues.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Extension, Router};
use keyhook_guard::{
    Clock, Guard, Introspection, Principal, SignedTokens, SystemClock, Timestamp, Verifier, authenticated, has_scope, is_consumer,
    is_oauth_user,
};
use keyhook_tests::back_channel::BackChannel;
use keyhook_tests::binary;
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::pair::Pair;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// An API in this process, and the server that issues its tokens.
struct Api {
    pair: Pair,
    address: SocketAddr,
    /// By how many milliseconds the API's clock is ahead.
    ahead: Arc<AtomicI64>,
    _runtime: Runtime,
}

impl Api {
    /// One that asks.
    fn start(name: &str) -> Api {
        Api::with(Pair::single(name, ""), |pair| {
            let endpoint = format!("http://localhost:{}/introspect", pair.production.port);
            Introspection::at(endpoint).client("shop", pair.secret()).deadline(Duration::from_secs(30)).build().unwrap()
        })
    }

    /// One that checks signatures, of tokens for this audience.
    fn signed(name: &str, audience: &str, signing: &str) -> Api {
        let configuration = format!("[tokens]\nformat = \"jwt\"\naudience = \"https://api.test\"\nsigning = \"{signing}\"\n");
        Api::with(Pair::single(name, &configuration), |pair| {
            SignedTokens::of(format!("http://localhost:{}", pair.production.port)).audience(audience).build().unwrap()
        })
    }

    fn with<V: Verifier + 'static>(pair: Pair, verifier: impl FnOnce(&Pair) -> V) -> Api {
        let ahead = Arc::new(AtomicI64::new(0));
        let offset = Arc::clone(&ahead);
        let clock = move || Timestamp::from_millis(SystemClock.now().millis() + offset.load(Ordering::SeqCst));
        let guard = Guard::new(verifier(&pair)).realm("photos").clock(clock);
        let app = Router::new()
            .route("/who", get(who).layer(guard.layer(authenticated())))
            .route("/photos", get(who).layer(guard.layer(is_oauth_user("alice", None))))
            .route("/nightly", get(who).layer(guard.layer(is_consumer(None))))
            .route("/admin", get(who).layer(guard.layer(has_scope("admin"))))
            .route("/echo", post(|body: String| async move { body }).layer(guard.layer(has_scope("write"))));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Api { pair, address, ahead, _runtime: runtime }
    }

    fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let form = ("content-type", "application/x-www-form-urlencoded");
        Client::new(self.address, "api.test").request(method, path, &[("authorization", &authorization), form], body.as_bytes())
    }

    fn get(&self, path: &str, token: &str) -> u16 {
        self.call("GET", path, token, "").status
    }

    fn advance(&self, span: Duration) {
        self.ahead.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn shop(&self) -> BackChannel {
        self.pair.nodes()[0].clone()
    }

    /// A token that a client has for itself.
    fn machine(&self) -> String {
        let command = ["client", "add", "machine", "--grant", "client_credentials", "--scope", "read", "--format", "json"];
        let added: Value = serde_json::from_str(&binary::stdout(self.pair.production.path(), &command)).unwrap();
        let machine = BackChannel::new(self.pair.browser(), "machine", added["client_secret"].as_str().unwrap());
        let answer = machine.post("/token", &[("grant_type", "client_credentials")]).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

async fn who(Extension(principal): Extension<Principal>) -> String {
    let (client, user, scope) = (principal.client(), principal.user(), principal.scope().as_str());
    json!({ "client": client, "user": user, "scope": scope, "username": principal.attribute("username") }).to_string()
}

/// RFC 6749 §4.1 and §4.4: a user's token and a client's own; RFC 6750 §3.1 for what each lacks.
#[test]
fn the_guard_knows_users_from_clients_by_the_tokens_of_a_real_server() {
    let api = Api::start("guard-who");
    let user = api.pair.tokens(&mut api.pair.browser());
    let machine = api.machine();
    let told = api.call("GET", "/who", &user.access, "").json();
    assert_eq!(told, json!({ "client": "shop", "user": "alice", "scope": "read write", "username": "alice" }));
    assert_eq!(
        api.call("GET", "/who", &machine, "").json(),
        json!({ "client": "machine", "user": null, "scope": "read", "username": null })
    );
    assert_eq!([api.get("/photos", &user.access), api.get("/photos", &machine)], [200, 403]);
    assert_eq!([api.get("/nightly", &user.access), api.get("/nightly", &machine)], [403, 200]);

    let lacking = api.call("GET", "/admin", &user.access, "");
    let challenge = lacking.header("www-authenticate").unwrap();
    assert_eq!(lacking.status, 403);
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"admin\""), "{challenge}");

    let form = "access_token=x&photo=%41".repeat(100);
    assert_eq!(api.call("POST", "/echo", &user.access, &form).text(), form, "the body is the application's");
    assert_eq!(api.call("POST", "/echo", &machine, &form).status, 403);

    let bare = Client::new(api.address, "api.test").get("/who");
    assert_eq!((bare.status, bare.header("www-authenticate")), (401, Some("Bearer realm=\"photos\"")));
    // A refresh token and a code are active somewhere, and no access tokens.
    for wrong in [&user.refresh, &api.pair.code(&mut api.pair.browser()), "unknown"] {
        let refused = api.call("GET", "/who", wrong, "");
        assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{wrong}");
        assert_eq!(refused.status, 401);
    }
}

#[test]
fn a_revoked_token_is_refused_after_the_time_that_answers_are_kept() {
    let api = Api::start("guard-revoked");
    let tokens = api.pair.tokens(&mut api.pair.browser());
    assert_eq!(api.get("/who", &tokens.access), 200);
    assert_eq!(api.shop().revoke(&tokens.access).status, 200);
    api.advance(Duration::from_secs(5));
    assert_eq!(api.get("/who", &tokens.access), 401);

    // A token that was never asked about is refused at once.
    let fresh = api.pair.tokens(&mut api.pair.browser());
    api.shop().revoke(&fresh.access);
    assert_eq!(api.get("/who", &fresh.access), 401);
    // One that ends is refused, whatever is kept.
    let last = api.pair.tokens(&mut api.pair.browser());
    assert_eq!(api.get("/who", &last.access), 200);
    api.advance(Duration::from_hours(1));
    assert_eq!(api.get("/who", &last.access), 401);
}

/// RFC 9110 §15.6.4. What cannot be known is never yes.
#[test]
fn while_the_server_is_away_nobody_new_is_let_in_and_when_it_is_back_all_goes_on() {
    let mut api = Api::start("guard-away");
    let tokens = api.pair.tokens(&mut api.pair.browser());
    assert_eq!(api.get("/who", &tokens.access), 200);
    api.pair.server().signal("TERM");
    api.pair.ended();
    api.advance(Duration::from_secs(5));
    let away = api.call("GET", "/who", &tokens.access, "");
    assert_eq!((away.status, away.header("retry-after"), away.error().as_str()), (503, Some("1"), "temporarily_unavailable"));
    assert!(!away.text().contains("refused") && !away.text().contains("localhost"), "the cause is for the log: {}", away.text());
    api.pair.restart();
    assert_eq!(api.get("/who", &tokens.access), 200);
}

/// RFC 9068 §4: the guard checks what a real server signs, by the keys that it publishes, and asks it nothing else.
#[test]
fn signed_tokens_of_a_real_server_are_checked_without_asking_it() {
    for signing in ["EdDSA", "ES256"] {
        let mut api = Api::signed(&format!("guard-{signing}"), "https://api.test", signing);
        let user = api.pair.tokens(&mut api.pair.browser());
        let machine = api.machine();
        assert!(user.access.starts_with("ey"), "{}", user.access);
        let told = api.call("GET", "/who", &user.access, "").json();
        assert_eq!(told, json!({ "client": "shop", "user": "alice", "scope": "read write", "username": null }), "{signing}");
        assert_eq!([api.get("/photos", &user.access), api.get("/photos", &machine)], [200, 403]);
        assert_eq!([api.get("/nightly", &user.access), api.get("/nightly", &machine)], [403, 200]);
        let forged = user.access[..user.access.len() - 4].to_owned() + "AAAA";
        assert_eq!([api.get("/who", &forged), api.get("/who", &user.refresh)], [401, 401]);

        api.pair.server().signal("TERM");
        api.pair.ended();
        assert_eq!(api.get("/who", &user.access), 200, "nobody is asked");
        api.advance(Duration::from_secs(600 + 10));
        assert_eq!(api.get("/who", &user.access), 401, "it has expired, by ten minutes and the ten seconds that clocks may differ");
    }
}

/// RFC 9068 §4: a token for another resource is refused.
#[test]
fn a_signed_token_for_another_api_is_refused() {
    let api = Api::signed("guard-audience", "https://other.test", "ES256");
    assert_eq!(api.get("/who", &api.machine()), 401);
}
