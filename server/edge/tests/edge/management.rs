//! The management listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyhook_component::BoxFuture;
use keyhook_edge::management::Management;
use keyhook_edge::{Health, HealthReport, Listeners};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Reply, read_reply};
use super::support::Setup;

#[derive(Default)]
struct Switch(AtomicBool);

impl Health for Switch {
    fn report(&self) -> BoxFuture<'_, HealthReport> {
        let result = if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err("the disk is full".to_owned()) };
        Box::pin(async { HealthReport { checks: vec![("store".to_owned(), result)] } })
    }
}

async fn get(address: SocketAddr, path: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).await.unwrap();
    read_reply(&mut stream, false).await
}

#[tokio::test]
async fn it_tells_liveness_readiness_and_figures() {
    let running = Setup::default().start();
    let health = Arc::new(Switch::default());
    let listeners = Listeners::bind(&["127.0.0.1:0".parse().unwrap()], 1).unwrap();
    let shutdown = running.server.shutdown();
    let management =
        Management::start(listeners, Arc::clone(&health) as Arc<dyn Health>, Arc::clone(&running.metrics), shutdown.clone()).unwrap();
    let address = management.addresses()[0];

    assert_eq!(get(address, "/health/live").await.status, 200);
    let failed = get(address, "/health/ready").await;
    assert_eq!(failed.status, 503);
    assert!(failed.body.contains("the disk is full"), "{}", failed.body);
    health.0.store(true, Ordering::Relaxed);
    assert_eq!(get(address, "/health/ready").await.status, 200);

    running.get("/echo").await;
    let page = get(address, "/metrics").await.body;
    assert!(page.contains(r#"keyhook_http_requests_total{endpoint="echo",method="GET",status="2xx"} 1"#), "{page}");
    assert!(page.contains("keyhook_http_requests_in_flight 0"), "{page}");
    assert_eq!(get(address, "/echo").await.status, 404);

    shutdown.drain();
    assert_eq!(get(address, "/health/ready").await.status, 503, "a stopping server is not ready");
    assert_eq!(get(address, "/health/live").await.status, 200);
}
