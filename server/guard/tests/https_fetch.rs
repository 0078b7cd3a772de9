//! [`HttpsFetch`] over real sockets: TLS, limits, redirects, connections that ended while they were idle.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use keyhook_guard::fetch::{FetchError, LONGEST_ANSWER};
use keyhook_guard::{Fetch as _, HttpsFetch};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A certificate for `localhost` that the tests of the edge use, too.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/tests/edge").join(name)
}

/// Answers one request with these bytes.
async fn answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: &[u8]) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
}

/// A server that gives one answer to every first request of a connection, and then closes it without a word.
async fn server(bytes: Vec<u8>, tls: Option<TlsAcceptor>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, connections) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            match &tls {
                None => answer(&mut stream, &bytes).await,
                Some(tls) => {
                    if let Ok(mut stream) = tls.accept(stream).await {
                        answer(&mut stream, &bytes).await;
                        let _ = stream.shutdown().await;
                    }
                }
            }
        }
    });
    (port, connections)
}

async fn get(fetch: &HttpsFetch, url: String) -> Result<Response<Bytes>, FetchError> {
    fetch.fetch(Request::get(url).body(Bytes::new()).unwrap()).await
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(fixture("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()))
}

#[tokio::test]
async fn an_answer_comes_over_tls_from_a_server_that_is_trusted_and_from_no_other() {
    let (port, _) = server(ok("hello"), Some(acceptor())).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("certificate.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let trusting = HttpsFetch::with_tls(builder.with_root_certificates(roots).with_no_client_auth());
    let response = get(&trusting, format!("https://localhost:{port}/")).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"hello"[..]));
    let refused = get(&HttpsFetch::new().unwrap(), format!("https://localhost:{port}/")).await.unwrap_err();
    assert!(refused.0.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, asked) = server(ok("{\"active\":true}"), None).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = server(redirect.into_bytes(), None).await;
    let response = get(&HttpsFetch::new().unwrap(), format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((response.status().as_u16(), asked.load(Ordering::SeqCst)), (302, 0));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let fetch = HttpsFetch::new().unwrap();
    let (port, _) = server(ok(&"a".repeat(LONGEST_ANSWER)), None).await;
    assert_eq!(get(&fetch, format!("http://127.0.0.1:{port}/")).await.unwrap().body().len(), LONGEST_ANSWER);
    let (port, _) = server(ok(&"a".repeat(LONGEST_ANSWER + 1)), None).await;
    assert!(get(&fetch, format!("http://127.0.0.1:{port}/")).await.is_err());
}

/// The server closes a connection after each answer without saying so beforehand, as one does whose patience ended.
#[tokio::test]
async fn a_connection_that_ended_while_it_was_idle_costs_nobody_an_error() {
    let (port, connections) = server(ok("hello"), None).await;
    let fetch = HttpsFetch::new().unwrap();
    for _ in 0..50 {
        assert_eq!(get(&fetch, format!("http://127.0.0.1:{port}/")).await.unwrap().status(), 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 50);
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert!(get(&fetch, format!("http://127.0.0.1:{gone}/")).await.unwrap_err().0.contains("refused"));
}
