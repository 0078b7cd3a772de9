//! `keyhook-bench-guarded PORT`: an API with the server of `./keyhook.toml` in its own process. `GET /photos` is for the consumer
//! `printer` alone, who signs each request (RFC 5849 §3.1); everything else is the server's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on ends by panicking")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use keyhook::{Server, Service};
use keyhook_guard::{Guard, InProcess, Introspection, Predicate, is_consumer};
use tokio::net::TcpListener;

/// As long as a token response.
const ANSWER: &[u8] = &[b'x'; 200];

struct Program {
    keyhook: Service,
    guard: Guard,
    rule: Predicate,
}

// One thread for requests, as the server has for each core.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("usage: keyhook-bench-guarded PORT");
    let server = Server::builder().config_file("keyhook.toml").log_config("info").build().unwrap();
    let keyhook = server.into_service().await.unwrap();
    let beside = InProcess::new(keyhook.clone());
    // Bearer tokens would be asked about here; the benchmark sends none.
    let tokens =
        Introspection::at(format!("{}/introspect", keyhook.issuer())).client("bench", "-").fetch_with(beside.clone()).build().unwrap();
    let guard = Guard::new(tokens).signed_requests(&format!("http://localhost:{port}"), beside).unwrap();
    let program = Arc::new(Program { keyhook, guard, rule: is_consumer("printer") });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        let program = Arc::clone(&program);
        // Answers leave at once, as those of the server do.
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, peer, Arc::clone(&program)));
            let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, peer: SocketAddr, program: Arc<Program>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/photos" {
        request.extensions_mut().insert(peer);
        return program.keyhook.call(request).await;
    }
    let (parts, _body) = request.into_parts();
    Ok(match program.guard.admit(&parts, &program.rule).await {
        Ok(_) => {
            let mut photos = Response::new(Full::from(ANSWER));
            photos.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            photos
        }
        Err(refused) => program.guard.refuse(&refused),
    })
}
