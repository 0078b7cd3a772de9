#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Weak;

use super::*;
use crate::Server;

async fn mounted(issuer: &str) -> Service {
    Server::builder().dev(true).store("memory:").issuer(issuer).build().unwrap().into_service().await.unwrap()
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "localhost:8080").body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_server_answers_at_its_paths_and_below_its_prefix() {
    let root = mounted("http://localhost:8080").await;
    for (path, answers) in
        [("/token", true), ("/.well-known/oauth-authorization-server", true), ("/", true), ("/photos", false), ("/token/", false)]
    {
        assert_eq!(root.answers(path), answers, "{path}");
    }
    let below = mounted("http://localhost:8080/auth").await;
    for (path, answers) in [
        ("/auth/token", true),
        ("/auth", true),
        ("/auth/nothing", true),
        ("/.well-known/oauth-authorization-server/auth", true),
        ("/token", false),
        ("/authorize", false),
        ("/authors", false),
        ("/", false),
    ] {
        assert_eq!(below.answers(path), answers, "{path}");
    }
    assert_eq!((below.prefix(), below.metadata_path().as_str()), ("/auth", "/.well-known/oauth-authorization-server/auth"));
}

#[tokio::test]
async fn the_prefix_that_a_router_took_off_is_put_back() {
    let nested = mounted("http://localhost:8080/auth").await.nested();
    for (path, status) in [("/.well-known/oauth-authorization-server", 200), ("/token", 405), ("/token?a=b", 405), ("/nothing", 404)] {
        let response = hyper::service::Service::call(&nested, get(path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    let root = mounted("http://localhost:8080").await.nested();
    assert_eq!(hyper::service::Service::call(&root, get("/token")).await.unwrap().status(), 405);
}

#[tokio::test]
async fn with_the_last_clone_the_work_in_the_background_ends() {
    let service = mounted("http://localhost:8080").await;
    let inner: Weak<Inner> = Arc::downgrade(&service.shared.inner);
    let (nested, background) = (service.nested(), service.shared.background.clone().unwrap());
    drop(service);
    assert!(!background.is_finished() && inner.upgrade().is_some());
    drop(nested);
    while !background.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(inner.upgrade().is_none(), "nothing of the server is left");
}

#[tokio::test]
async fn the_address_of_the_client_is_what_the_program_says_it_is() {
    let service = mounted("http://localhost:8080").await;
    let mut extensions = Extensions::new();
    assert_eq!(service.peer(&extensions).address, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    assert!(service.shared.said.load(Ordering::Relaxed), "the operator is told");
    extensions.insert(SocketAddr::from(([192, 0, 2, 1], 4000)));
    assert_eq!(service.peer(&extensions).address, IpAddr::from([192, 0, 2, 1]));
    extensions.insert(Peer { address: IpAddr::from([192, 0, 2, 2]), tls: true });
    let peer = service.peer(&extensions);
    assert_eq!((peer.address, peer.tls), (IpAddr::from([192, 0, 2, 2]), true));
}

#[tokio::test]
async fn what_the_management_listener_tells_is_told_to_the_program() {
    let service = mounted("http://localhost:8080").await;
    assert!(service.is_ready().await);
    assert_eq!(hyper::service::Service::call(&service, get("/token")).await.unwrap().status(), 405);
    assert!(service.metrics().ends_with("# EOF\n") && service.metrics().contains("requests"), "{}", service.metrics());
}
