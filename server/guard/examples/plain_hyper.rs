//! An API on plain hyper, whose tokens a keyhook on this machine issues.
//!
//! `keyhook dev` in one terminal, this in another; then `curl -i http://127.0.0.1:3000/ -H "Authorization: Bearer kha_…"`.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use keyhook_guard::{Guard, Introspection, Predicate, has_scope};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(id), Some(secret)) = (arguments.next(), arguments.next()) else {
        return Err("usage: plain_hyper CLIENT_ID CLIENT_SECRET".into());
    };
    let introspection = Introspection::at("http://localhost:8080/introspect").client(id, secret).build()?;
    let guard = Guard::new(introspection).realm("photos");
    let rule = has_scope("read");

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let (guard, rule) = (guard.clone(), rule.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, guard.clone(), rule.clone()));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, guard: Guard, rule: Predicate) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, _body) = request.into_parts();
    match guard.admit(&parts, &rule).await {
        Ok(principal) => {
            let who = principal.map(|principal| format!("{:?}", principal.identity()));
            Ok(Response::new(Full::from(who.unwrap_or_default())))
        }
        Err(refused) => Ok(guard.refuse(&refused)),
    }
}
