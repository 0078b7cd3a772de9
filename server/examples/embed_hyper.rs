//! keyhook inside a program on plain hyper: one listener, one process, the program's own pages beside the server's.
//!
//! `cargo run --example embed_hyper`, then `curl http://localhost:3000/.well-known/oauth-authorization-server`.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use keyhook::{Server, Service};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In production: `Server::builder().config_file("keyhook.toml")`.
    let server = Server::builder().dev(true).store("memory:").issuer("http://localhost:3000").build()?;
    let keyhook = server.into_service().await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    tokio::select! {
        stopped = serve(listener, keyhook.clone()) => stopped?,
        _ = tokio::signal::ctrl_c() => {}
    }
    keyhook.close().await;
    Ok(())
}

/// Serves both for ever.
pub(crate) async fn serve(listener: TcpListener, keyhook: Service) -> std::io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let keyhook = keyhook.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, peer, keyhook.clone()));
            let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, peer: SocketAddr, keyhook: Service) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/hello" {
        return Ok(Response::new(Full::from("hello from the program")));
    }
    // What is limited by address is limited by this one.
    request.extensions_mut().insert(peer);
    keyhook.call(request).await
}
