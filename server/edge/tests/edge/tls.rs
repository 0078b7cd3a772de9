//! TLS: both protocols, exchange of certificates, clear errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyhook_edge::Tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::read_reply;
use super::support::{Running, Setup};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edge").join(name)
}

fn start() -> Running {
    let tls = Arc::new(Tls::load(fixture("certificate.pem"), fixture("key.pem")).unwrap());
    Setup { issuer: "https://localhost", tls: Some(tls), ..Setup::default() }.start()
}

async fn connect(running: &Running, alpn: &[u8], trusted: &Path, name: &'static str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), running.connect().await).await
}

#[tokio::test]
async fn http1_over_tls_is_https() {
    let running = start();
    let mut stream = connect(&running, b"http/1.1", &fixture("certificate.pem"), "localhost").await.unwrap();
    stream.write_all(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let reply = read_reply(&mut stream, false).await;
    assert!(reply.body.contains("scheme=https host=localhost "), "{}", reply.body);
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn http2_is_chosen_by_alpn() {
    let running = start();
    let stream = connect(&running, b"h2", &fixture("certificate.pem"), "localhost").await.unwrap();
    http2_post(TokioIo::new(stream), "https://localhost/token").await;
}

/// RFC 9113 §3.3.
#[tokio::test]
async fn http2_with_prior_knowledge_works_without_tls() {
    let running = Setup::default().start();
    http2_post(TokioIo::new(running.connect().await), "http://localhost:8080/token").await;
}

async fn http2_post(io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static, uri: &str) {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let request = http::Request::post(uri).body(Full::new(Bytes::from_static(b"a=1"))).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("POST /token q= body=a=1 "), "{body:?}");
    }
    let large = http::Request::post(uri).body(Full::new(Bytes::from(vec![b'a'; 65 * 1024]))).unwrap();
    assert_eq!(sender.send_request(large).await.unwrap().status(), 413);
    let head = http::Request::head(uri.replace("/token", "/echo")).body(Full::new(Bytes::new())).unwrap();
    let response = sender.send_request(head).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("content-length"));
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_new_certificate_is_served_after_a_reload_and_a_broken_one_never() {
    let folder = std::env::temp_dir().join(format!("keyhook-edge-tls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("c.pem"), folder.join("k.pem"));
    fs::copy(fixture("certificate.pem"), &certificate).unwrap();
    fs::copy(fixture("key.pem"), &key).unwrap();
    let tls = Arc::new(Tls::load(&certificate, &key).unwrap());
    let running = Setup { tls: Some(Arc::clone(&tls)), ..Setup::default() }.start();

    fs::copy(fixture("other-certificate.pem"), &certificate).unwrap();
    assert_eq!(tls.reload().unwrap_err().code(), "KH0112", "the key is still the old one");
    connect(&running, b"http/1.1", &fixture("certificate.pem"), "localhost").await.unwrap();

    fs::copy(fixture("other-key.pem"), &key).unwrap();
    tls.reload().unwrap();
    connect(&running, b"http/1.1", &fixture("other-certificate.pem"), "other").await.unwrap();
    assert!(connect(&running, b"http/1.1", &fixture("certificate.pem"), "localhost").await.is_err());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn each_mistake_in_the_files_has_its_code() {
    let code = |certificate: &str, key: &str| Tls::load(fixture(certificate), fixture(key)).err().map(|error| error.code());
    assert_eq!(code("absent.pem", "key.pem"), Some("KH0110"));
    assert_eq!(code("key.pem", "key.pem"), Some("KH0111"));
    assert_eq!(code("certificate.pem", "certificate.pem"), Some("KH0111"));
    assert_eq!(code("certificate.pem", "other-key.pem"), Some("KH0112"));
}
