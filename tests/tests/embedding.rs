//! The server inside other programs: the examples of embedding, each over a real socket.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, SocketAddr};

use keyhook::{Server, Service};
use keyhook_guard::{Guard, InProcess, Introspection, Secret};
use keyhook_tests::back_channel::BackChannel;
use keyhook_tests::binary::free_port;
use keyhook_tests::http::Client;
use keyhook_tests::local::{SECRET, shop};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[path = "../../server/examples/embed_axum.rs"]
#[allow(dead_code, missing_docs, reason = "the example's own main is not called")]
mod embed_axum;
#[path = "../../server/examples/embed_hyper.rs"]
#[allow(dead_code, missing_docs, reason = "the example's own main is not called")]
mod embed_hyper;
#[path = "../../server/examples/embed_layer.rs"]
#[allow(dead_code, missing_docs, reason = "the example's own main is not called")]
mod embed_layer;

/// A program with a server in it.
struct Program {
    runtime: Runtime,
    keyhook: Service,
    port: u16,
}

impl Program {
    /// Opens the server for an issuer with this path, and has `serve` serve it.
    fn start<F: Future + Send + 'static>(path: &str, serve: impl FnOnce(TcpListener, Service) -> F) -> Program
    where
        F::Output: Send,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let port = free_port();
        let configuration = format!("[server]\nissuer = \"http://localhost:{port}{path}\"\n[tokens]\naccess_ttl = \"7m\"");
        let builder = Server::builder().dev(true).store("memory:").config_text(configuration).client(shop("shop"));
        let keyhook = runtime.block_on(builder.build().unwrap().into_service()).unwrap();
        // A server that listened would be found there.
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).unwrap();
        runtime.spawn(serve(listener, keyhook.clone()));
        Program { runtime, keyhook, port }
    }

    fn client(&self) -> Client {
        Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)), &format!("localhost:{}", self.port))
    }

    /// A token is issued, known, and revoked, at the paths that the metadata name; the program's own pages are its own.
    fn check(self) {
        let document = self.client().get(&self.keyhook.metadata_path());
        assert_eq!(document.status, 200, "{}", document.text());
        let document = document.json();
        assert_eq!(document["issuer"], self.keyhook.issuer());
        let path = |name: &str| {
            let url = document[name].as_str().unwrap();
            url.strip_prefix(&format!("http://localhost:{}", self.port)).unwrap().to_owned()
        };
        let shop = BackChannel::new(self.client(), "shop", SECRET);
        let answer = shop.post(&path("token_endpoint"), &[("grant_type", "client_credentials"), ("scope", "read")]);
        assert_eq!((answer.status, &answer.json()["expires_in"]), (200, &serde_json::json!(420)), "{}", answer.text());
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let active = |token: &str| shop.post(&path("introspection_endpoint"), &[("token", token)]).json()["active"] == true;
        assert!(active(&token));
        assert_eq!(shop.post(&path("revocation_endpoint"), &[("token", &token)]).status, 200);
        assert!(!active(&token));

        let page = self.client().get(&format!("{}?client_id=nobody", path("authorization_endpoint")));
        assert_eq!(page.status, 400);
        assert!(page.header("content-security-policy").is_some() && page.text().contains("<html"), "a page of the server");
        assert_eq!(self.client().get("/hello").text(), "hello from the program");
        let long = "a".repeat(2 * 1024 * 1024);
        assert_eq!(shop.post(&path("token_endpoint"), &[("grant_type", &long)]).status, 413, "the limits of the server hold");
        self.runtime.block_on(self.keyhook.close());
        self.runtime.shutdown_background();
    }
}

#[test]
fn a_program_on_plain_hyper_has_the_server_in_it() {
    Program::start("", embed_hyper::serve).check();
}

#[test]
fn an_axum_router_has_the_server_below_a_prefix() {
    Program::start("/auth", |listener, keyhook| async move {
        let app = embed_axum::router(&keyhook).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, app).await
    })
    .check();
}

#[test]
fn a_layer_puts_the_server_before_an_application() {
    for path in ["", "/auth"] {
        Program::start(path, |listener, keyhook| async move {
            let app = embed_layer::router(&keyhook).into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, app).await
        })
        .check();
    }
}

/// RFC 6750: the program's own API, guarded by the server beside it.
#[test]
fn an_api_of_the_program_asks_the_server_beside_it_without_a_socket() {
    let program = Program::start("", embed_hyper::serve);
    let shop = BackChannel::new(program.client(), "shop", SECRET);
    let answer = shop.post("/token", &[("grant_type", "client_credentials"), ("scope", "read")]);
    let token = Secret::new(answer.json()["access_token"].as_str().unwrap().to_owned());
    let endpoint = format!("{}/introspect", program.keyhook.issuer());
    let ask = InProcess::new(program.keyhook.clone());
    let guard = Guard::new(Introspection::at(endpoint).client("shop", SECRET).fetch_with(ask).build().unwrap());
    let principal = program.runtime.block_on(guard.verify(&token)).unwrap();
    assert_eq!((principal.client(), principal.scope().as_str()), (Some("shop"), "read"));
    assert!(program.runtime.block_on(guard.verify(&Secret::new("kha_made_up".to_owned()))).is_err());
    program.runtime.block_on(program.keyhook.close());
}
