//! HTTP as bytes against the whole server (RFC 9110, RFC 9112): every answer is one, none is a failure, and tokens go to whoever shows
//! a secret.
//!
//! hyper reads the bytes with the edge's settings, the application behind it is the real one, over a store in memory. Sockets and
//! deadlines are not in it.

use std::sync::LazyLock;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use keyhook::{Server, Service};
use keyhook_tests::stage::{ALICE, SECRET, registrations};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

use crate::answers;

struct Place {
    runtime: Runtime,
    service: Service,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut builder = Server::builder().dev(true).issuer("http://localhost:8080").store("memory:").user(ALICE.username, ALICE.password);
    for client in registrations() {
        builder = builder.client(client);
    }
    let service = runtime.block_on(builder.build().unwrap().into_service()).unwrap();
    Place { runtime, service }
});

/// An input is what a client sends before it closes its side.
pub fn check(data: &[u8]) {
    let raw = PLACE.runtime.block_on(exchange(data));
    let proven = [SECRET, "khx_a%2Dsecret%2Dthat%2Donly%2Dtests%2Dknow%2D0123456789", &keyhook_tests::http::base64(SECRET.as_bytes())[..12]];
    let text = String::from_utf8_lossy(data);
    let shown = proven.iter().any(|secret| text.contains(secret)) || basic_with_secret(&text);
    for answer in answers::all(&raw, data) {
        assert!(answer.status < 500 || answer.status == 505, "{} for {text:?}", answer.head);
        assert!(shown || !answer.body.contains("access_token\":\"kha_"), "a token for nobody: {text:?}");
        assert!(!answer.head.contains("code=khc_"), "a code without a person: {text:?}");
    }
}

/// Whether a Basic header of the input decodes to the secret.
fn basic_with_secret(text: &str) -> bool {
    text.split([' ', '\r', '\n', ':', '\t'])
        .filter_map(|word| crate::decode::base64(word.as_bytes(), false, true))
        .filter_map(|pair| String::from_utf8(pair).ok())
        .any(|pair| pair.split(':').filter_map(|half| crate::decode::form_piece(half.as_bytes())).any(|half| half == SECRET))
}

async fn exchange(data: &[u8]) -> Vec<u8> {
    let (mut near, far) = tokio::io::duplex(1 << 20);
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(16 * 1024)
        .max_buf_size(16 * 1024)
        .half_close(true)
        .serve_connection(TokioIo::new(far), PLACE.service.clone());
    let served = tokio::spawn(connection);
    near.write_all(&data[..data.len().min(1 << 19)]).await.unwrap();
    near.shutdown().await.unwrap();
    let mut raw = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), near.read_to_end(&mut raw)).await;
    assert!(read.is_ok(), "no end of the answer: {:?}", String::from_utf8_lossy(data));
    let _ = served.await.unwrap();
    raw
}
