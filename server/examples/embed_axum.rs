//! keyhook inside an axum router, below a prefix: the issuer is `http://localhost:3000/auth`.
//!
//! `cargo run --example embed_axum`, then `curl http://localhost:3000/.well-known/oauth-authorization-server/auth`.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use keyhook::{Server, Service};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In production: `Server::builder().config_file("keyhook.toml")`.
    let server = Server::builder().dev(true).store("memory:").issuer("http://localhost:3000/auth").build()?;
    let keyhook = server.into_service().await?;
    let app = router(&keyhook).into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    keyhook.close().await;
    Ok(())
}

/// The program's pages, and the server below its prefix. axum takes the prefix off, `nested` puts it back.
pub(crate) fn router(keyhook: &Service) -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello from the program" }))
        .nest_service(keyhook.prefix(), keyhook.nested())
        .route_service(&keyhook.metadata_path(), keyhook.clone())
        .layer(middleware::from_fn(address))
}

/// Hands the client's address on, as keyhook expects it.
async fn address(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(peer);
    next.run(request).await
}
