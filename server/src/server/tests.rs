#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicI64, Ordering};

use keyhook_core::redirect::RedirectUri;
use keyhook_core::time::Timestamp;

use super::*;
use crate::testing::Folder;

fn memory() -> Builder {
    Server::builder().dev(true).port(0).store("memory:")
}

/// One request over a socket of its own.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", address.port()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn fetch(address: SocketAddr, path: &'static str) -> String {
    tokio::task::spawn_blocking(move || get(address, path)).await.unwrap()
}

/// RFC 8414 §3.
#[tokio::test]
async fn a_server_on_a_free_port_answers_with_its_metadata_and_leaves_nothing_on_disk() {
    let running = memory().build().unwrap().start().await.unwrap();
    let address = running.addresses()[0];
    let answer = fetch(address, "/.well-known/oauth-authorization-server").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(&format!("\"issuer\":\"http://localhost:{}\"", address.port())), "{answer}");
    assert!(running.inner.config().data().is_none());
    assert!(running.stop().await);
}

#[tokio::test]
async fn workers_of_their_own_serve_too() {
    let running = memory().config_text("[server]\nworkers = 2\n").build().unwrap().start().await.unwrap();
    assert!(fetch(running.addresses()[0], "/.well-known/oauth-authorization-server").await.contains("200 OK"));
    assert!(running.stop().await);
}

#[tokio::test]
async fn a_reload_brings_a_change_into_effect_and_a_mistake_changes_nothing() {
    let folder = Folder::new();
    let path = folder.path().join("keyhook.toml");
    let settings = |running: &Running| running.context().settings.lifetimes.access.as_secs();
    std::fs::write(&path, "[tokens]\naccess_ttl = \"5m\"\n").unwrap();
    let running = memory().config_file(&path).build().unwrap().start().await.unwrap();
    assert_eq!(settings(&running), 300);
    std::fs::write(&path, "[tokens]\naccess_ttl = \"7m\"\n[server]\nworkers = 3\n").unwrap();
    assert_eq!(running.reload().await.unwrap(), ["server.workers"]);
    assert_eq!(settings(&running), 420);
    std::fs::write(&path, "[tokens]\nacces_ttl = \"9m\"\n").unwrap();
    assert_eq!(running.reload().await.unwrap_err().code(), "KH1004");
    assert_eq!(settings(&running), 420);
    running.stop().await;
}

#[tokio::test]
async fn a_taken_port_names_its_holder_and_a_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let failure = memory().port(port).build().unwrap().start().await.err().unwrap();
    assert_eq!(failure.code(), "KH0101");
    let text = failure.to_string();
    assert!(text.contains(&format!("by process {}", std::process::id())) && text.contains("--port"), "{text}");
}

#[test]
fn production_is_refused_without_issuer_tls_and_master_key() {
    let failure = Server::builder().build().err().unwrap();
    assert_eq!(failure.exit(), Exit::Configuration);
    for code in ["KH1009", "KH1010", "KH0601"] {
        assert!(failure.to_string().contains(code), "{failure}");
    }
}

fn production(folder: &Folder) -> Builder {
    let key = folder.path().join("master.key");
    crate::keys::ensure(&key, &crate::system::SystemRandom).unwrap();
    Server::builder().issuer("https://login.example").behind_proxy().port(0).data(folder.path().join("data")).master_key(key)
}

#[test]
fn production_needs_a_store_that_keeps_what_it_acknowledged() {
    let folder = Folder::new();
    let failure = production(&folder).store("memory:").build().err().unwrap();
    assert_eq!((failure.code(), failure.exit()), ("KH1008", Exit::Configuration));
}

#[tokio::test]
async fn data_of_development_are_refused_in_production() {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let running = Server::builder().dev(true).port(0).data(&data).build().unwrap().start().await.unwrap();
    running.stop().await;
    let failure = production(&folder).build().unwrap().start().await.err().unwrap();
    assert_eq!(failure.code(), "KH0153");
}

#[tokio::test]
async fn what_the_builder_brings_along_is_there_and_keeps_what_operators_did() {
    let folder = Folder::new();
    let shop = || {
        let mut shop = Client::public("shop", "The shop");
        shop.redirect_uris = vec![RedirectUri::parse("https://shop.example/cb").unwrap()];
        shop
    };
    let server = || production(&folder).client(shop()).user("alice", "correct-horse").build().unwrap();
    let running = server().start().await.unwrap();
    let desk = running.inner.desk();
    let change = crate::operations::ClientChange { id: "shop".into(), disabled: Some(true), ..Default::default() };
    crate::operations::Operation::ClientUpdate(change).perform(&desk).await.unwrap();
    drop(desk);
    running.stop().await;
    let running = server().start().await.unwrap();
    assert!(running.context().records.client("shop").await.unwrap().unwrap().disabled);
    running.stop().await;
}

struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_test_may_move_the_clock() {
    let clock = Arc::new(Standing(AtomicI64::new(1_800_000_000_000)));
    let running = memory().clock(clock.clone()).build().unwrap().start().await.unwrap();
    clock.0.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(running.context().now().millis(), 1_800_000_060_000);
    running.stop().await;
}

#[tokio::test]
async fn a_clock_that_steps_back_revives_nothing_that_was_revoked() {
    use crate::operations::{ClientChange, ClientDraft, Operation, UserDraft};
    let clock = Arc::new(Standing(AtomicI64::new(1_800_000_000_000)));
    let running = memory().clock(clock.clone()).build().unwrap().start().await.unwrap();
    let (desk, records) = (running.inner.desk(), running.context().records.clone());
    let alice = || UserDraft { name: "alice".into(), display: None, password: "correct-horse".into() };
    Operation::UserAdd(alice()).perform(&desk).await.unwrap();
    Operation::UserPasswd(alice()).perform(&desk).await.unwrap();
    let shop = ClientDraft { id: "shop".into(), redirect_uris: vec!["https://shop.example/cb".into()], ..ClientDraft::default() };
    Operation::ClientAdd(shop).perform(&desk).await.unwrap();
    let revoke = || Operation::ClientUpdate(ClientChange { id: "shop".into(), revoke: true, ..ClientChange::default() });
    revoke().perform(&desk).await.unwrap();
    let ended = |records: keyhook_component::records::Records| async move {
        let client = records.client("shop").await.unwrap().unwrap().not_before;
        (records.subject_not_before("alice").await.unwrap().unwrap(), client)
    };
    let before = ended(records.clone()).await;
    clock.0.fetch_sub(3_600_000, Ordering::Relaxed);
    revoke().perform(&desk).await.unwrap();
    Operation::UserDisable { name: "alice".into(), disabled: true }.perform(&desk).await.unwrap();
    assert_eq!(ended(records).await, before, "what was born between the two instants stays dead");
    drop(desk);
    running.stop().await;
}

#[tokio::test]
async fn a_mounted_server_answers_without_listening() {
    let service =
        Server::builder().dev(true).store("memory:").issuer("http://localhost:8080").build().unwrap().into_service().await.unwrap();
    let request = http::Request::get("/.well-known/oauth-authorization-server").header("host", "localhost:8080");
    let request = request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
    let response = hyper::service::Service::call(&service, request).await.unwrap();
    assert_eq!(response.status(), 200);
    service.close().await;
}
