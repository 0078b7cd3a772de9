//! An API on axum, with a rule for each part of it, and its metadata.
//!
//! `keyhook dev` in one terminal, this in another; then `curl -i http://127.0.0.1:3000/photos -H "Authorization: Bearer kha_…"`.

use axum::extract::Extension;
use axum::routing::{get, post};
use axum::{Router, serve};
use keyhook_guard::{Guard, Introspection, Principal, ResourceMetadata, all, has_scope, is_consumer, is_oauth_user};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(id), Some(secret)) = (arguments.next(), arguments.next()) else {
        return Err("usage: axum CLIENT_ID CLIENT_SECRET".into());
    };
    let metadata = ResourceMetadata::new("http://127.0.0.1:3000", ["http://localhost:8080"])?.scopes(["read", "write"]);
    let introspection = Introspection::at("http://localhost:8080/introspect").client(id, secret).build()?;
    let guard = Guard::new(introspection).resource_metadata(metadata.url());

    let photos = get(|Extension(who): Extension<Principal>| async move { format!("photos of {}", who.user().unwrap_or_default()) });
    let app = Router::new()
        .route("/photos", photos.layer(guard.layer(all([is_oauth_user(None, None), has_scope("read")]))))
        .route("/nightly", post(|| async { "done" }).layer(guard.layer(is_consumer(None))))
        .route_service(&metadata.path(), metadata);
    serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}
