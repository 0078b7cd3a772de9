//! The floor: a hyper server that reads a form and answers 200 bytes of JSON, as long as a token response.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::certificate::Certificate;
use super::process::{Process, free_port};
use crate::client::script::{Fixed, Head};
use crate::client::{Address, Trust};

const BODY: &[u8; 200] = &{
    let mut body = [b'x'; 200];
    let head = b"{\"token\":\"";
    let mut at = 0;
    while at < head.len() {
        body[at] = head[at];
        at += 1;
    }
    body[198] = b'"';
    body[199] = b'}';
    body
};

/// What a client of the bare server sends: a POST as long as a token request.
pub(crate) const HEAD: Head<'static> =
    Head { method: "POST", path: "/token", host: "localhost", authorization: Some("Basic YmVuY2g6eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4") };
/// Its form.
pub(crate) const FORM: &str =
    "grant_type=client_credentials&scope=read&padding=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// What the answer has in it.
pub(crate) const EXPECTED: &[u8] = b"{\"token\"";

/// The bare server as a process of its own: this program, called with `bare PORT [CERT KEY]`.
pub(crate) struct Bare {
    /// The process.
    pub(crate) process: Process,
    trust: Option<Trust>,
}

impl Bare {
    /// Starts it, with TLS if there is a certificate.
    pub(crate) fn start(certificate: Option<&Certificate>) -> Bare {
        let port = free_port();
        let trust = certificate.map(|certificate| Trust::only(&certificate.chain()));
        let process = Process::start(&std::env::current_exe().unwrap(), port, trust.as_ref(), |command| {
            command.args(["bare", &port.to_string()]);
            if let Some(certificate) = certificate {
                command.arg(certificate.chain()).arg(certificate.key());
            }
        });
        Bare { process, trust }
    }

    /// How clients reach it.
    pub(crate) fn address(&self) -> Address {
        Address { socket: self.process.address(), trust: self.trust.clone() }
    }

    /// What a connection says.
    pub(crate) fn script() -> Fixed {
        Fixed::new(&HEAD, FORM, EXPECTED)
    }
}

/// Serves until the process ends.
pub(crate) fn serve(port: u16, tls: Option<(&Path, &Path)>) {
    let acceptor = tls.map(|(chain, key)| acceptor(chain, key));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor {
                    None => speak(stream).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            speak(stream).await;
                        }
                    }
                }
            });
        }
    });
}

fn acceptor(chain: &Path, key: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(chain).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(versions.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    std::hint::black_box(&body.is_ok());
    let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
