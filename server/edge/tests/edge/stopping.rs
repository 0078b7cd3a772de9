//! Stopping: what is being answered is finished, what only waits is closed, and a deadline bounds it all.

use std::sync::Arc;
use std::time::Duration;

use keyhook_edge::Limits;
use keyhook_edge::serve::Workers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::read_reply;
use super::support::{Setup, Waiting};

const ECHO: &[u8] = b"GET /echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

async fn finishes(workers: Workers) {
    let waiting = Waiting::new();
    let running = Setup { endpoints: vec![Arc::new(waiting.clone())], workers, ..Setup::default() }.start();
    let mut idle = running.connect().await;
    let mut silent = running.connect().await;
    idle.write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    read_reply(&mut idle, false).await;
    let mut busy = running.connect().await;
    busy.write_all(WAIT).await.unwrap();
    waiting.began.acquire().await.unwrap().forget();

    let address = running.address;
    let stopping = tokio::spawn(running.server.stop(Duration::from_secs(30)));
    for quiet in [&mut idle, &mut silent] {
        let mut rest = Vec::new();
        let _ = quiet.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    waiting.proceed.add_permits(1);
    let reply = read_reply(&mut busy, false).await;
    assert_eq!(reply.body, "finished");
    // Another thread may hear of the stop after it has answered; then the connection just closes.
    if workers == Workers::Here {
        assert_eq!(reply.header("connection"), "close");
    }
    assert!(stopping.await.unwrap(), "all finished in time");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_stop_finishes_what_is_being_answered() {
    finishes(Workers::Here).await;
}

#[tokio::test]
async fn a_stop_finishes_what_workers_are_answering() {
    finishes(Workers::Threads(2)).await;
}

#[tokio::test]
async fn a_stop_ends_what_does_not_finish_in_time() {
    for workers in [Workers::Here, Workers::Threads(2)] {
        let waiting = Waiting::new();
        let running = Setup { endpoints: vec![Arc::new(waiting.clone())], workers, ..Setup::default() }.start();
        let mut busy = running.connect().await;
        busy.write_all(WAIT).await.unwrap();
        waiting.began.acquire().await.unwrap().forget();
        assert!(!running.server.stop(Duration::from_millis(20)).await, "one did not finish");
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(10), busy.read_to_end(&mut rest)).await.expect("the connection is ended");
    }
}

/// RFC 9112 §9.6: whoever closes says so with the last answer, and a request that was sent before that is answered.
#[tokio::test]
async fn a_request_that_crosses_the_stop_is_answered_and_told_that_it_was_the_last() {
    for workers in [Workers::Here, Workers::Threads(2)] {
        let limits = Limits { linger: Duration::from_secs(30), ..Limits::default() };
        let running = Setup { limits, workers, ..Setup::default() }.start();
        let mut used = running.connect().await;
        used.write_all(ECHO).await.unwrap();
        assert_eq!(read_reply(&mut used, false).await.header("connection"), "");
        let mut fresh = running.connect().await;
        let address = running.address;
        let stopping = tokio::spawn(running.server.stop(Duration::from_mins(1)));
        while TcpStream::connect(address).await.is_ok() {}
        for connection in [&mut used, &mut fresh] {
            connection.write_all(ECHO).await.unwrap();
            let reply = read_reply(connection, false).await;
            assert_eq!((reply.status, reply.header("connection")), (200, "close"));
            let mut rest = Vec::new();
            connection.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty());
        }
        assert!(stopping.await.unwrap(), "it does not wait for the rest of the lingering");
    }
}

#[tokio::test]
async fn workers_answer_on_one_port() {
    let running = Setup { workers: Workers::Threads(3), ..Setup::default() }.start();
    for _ in 0..20 {
        assert_eq!(running.get("/echo").await.status, 200);
    }
    assert!(running.server.stop(Duration::from_secs(10)).await);
}
