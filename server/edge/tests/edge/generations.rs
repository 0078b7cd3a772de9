//! A reload swaps routes and context as a whole; a request keeps what it began with.

use std::sync::Arc;

use http::{Method, StatusCode};
use keyhook_component::response::Response;
use tokio::io::AsyncWriteExt;

use super::client::read_reply;
use super::support::{Setup, Waiting, live, small};

#[tokio::test]
async fn a_request_finishes_in_the_generation_it_began_in() {
    let waiting = Waiting::new();
    let running = Setup { endpoints: vec![Arc::new(waiting.clone())], ..Setup::default() }.start();
    let mut stream = running.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    waiting.began.acquire().await.unwrap().forget();

    let next = small("next", Method::GET, "/next", |_| Ok(Response::text(StatusCode::OK, "next")));
    running.application.replace(live(&[next], "http://localhost:8080", false, &running.metrics));
    assert_eq!(running.get("/next").await.body, "next");
    assert_eq!(running.get("/wait").await.status, 404);

    waiting.proceed.add_permits(1);
    assert_eq!(read_reply(&mut stream, false).await.body, "finished");
    stream.write_all(b"GET /next HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    assert_eq!(read_reply(&mut stream, false).await.body, "next", "the same connection, the new generation");
}

/// A client that goes away must not leave a redemption half done.
#[tokio::test]
async fn an_answer_is_finished_although_its_client_has_gone() {
    let waiting = Waiting::new();
    let running = Setup { endpoints: vec![Arc::new(waiting.clone())], ..Setup::default() }.start();
    let mut stream = running.connect().await;
    stream.write_all(b"POST /wait HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    waiting.began.acquire().await.unwrap().forget();
    drop(stream);
    assert_eq!(running.application.in_flight(), 1);
    waiting.proceed.add_permits(1);
    waiting.finished.acquire().await.unwrap().forget();
    while running.server.connections() > 0 {
        tokio::task::yield_now().await;
    }
}
