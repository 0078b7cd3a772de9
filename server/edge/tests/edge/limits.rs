//! What a stranger may take: lengths, counts, time.

use std::time::Duration;

use keyhook_edge::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::client::read_reply;
use super::support::{Running, Setup, Waiting, endpoints, page};

const POST: &str = "POST /token HTTP/1.1\r\nHost: localhost:8080\r\n";

fn hasty() -> Limits {
    let short = Duration::from_millis(200);
    Limits { header_deadline: short, idle_deadline: short * 3, body_deadline: short, write_deadline: short, ..Limits::default() }
}

/// Waits until the server ends the connection. The test's own limit is far above the server's.
async fn ends(stream: &mut tokio::net::TcpStream) -> String {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    let _ = read.expect("the server ends the connection");
    String::from_utf8_lossy(&rest).into_owned()
}

/// RFC 6585 §5.
#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_fields_is_refused() {
    let running = Setup::default().start();
    let long = format!("GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A: {}\r\n\r\n", "a".repeat(17 * 1024));
    let many = format!("GET /echo HTTP/1.1\r\nHost: localhost:8080\r\n{}\r\n", "X-A: 1\r\n".repeat(64));
    let more = format!("GET /echo HTTP/1.1\r\nHost: localhost:8080\r\n{}\r\n", "X-A: 1\r\n".repeat(200));
    for head in [long, many, more] {
        let answer = running.send_to_end(head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

/// RFC 9110 §10.1.1: a final status instead of 100 when the request is refused by its head alone.
#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let limits = Limits { body_bytes: 8, body_bytes_by_path: vec![("/refuse".to_owned(), 9)], ..Limits::default() };
    let running = Setup { limits, ..Setup::default() }.start();
    let answer = running.send_to_end(format!("{POST}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && !answer.contains("100 Continue"), "{answer}");
    let chunked = running.send_to_end(format!("{POST}Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n")).await;
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    assert_eq!(running.send(format!("{POST}Content-Length: 8\r\n\r\n12345678")).await.status, 200);
    let other = running.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789").await;
    assert_eq!(other.status, 401);
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off_at_its_deadline() {
    let running = Setup { limits: hasty(), ..Setup::default() }.start();
    let mut stream = running.connect().await;
    let (mut read, mut write) = stream.split();
    let trickle = async {
        for byte in POST.as_bytes().iter().cycle() {
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut rest = Vec::new();
    tokio::select! {
        () = trickle => {}
        _ = read.read_to_end(&mut rest) => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => panic!("the server waits for ever"),
    }
    turned_away(&running, "too_slow").await;
}

#[tokio::test]
async fn a_silent_connection_and_half_a_preface_are_cut_off() {
    let running = Setup { limits: hasty(), ..Setup::default() }.start();
    for start in ["", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = running.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        ends(&mut stream).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_cut_off_and_an_idle_connection_let_go() {
    let running = Setup { limits: hasty(), ..Setup::default() }.start();
    let mut stream = running.connect().await;
    stream.write_all(format!("{POST}Content-Length: 5\r\n\r\na").as_bytes()).await.unwrap();
    ends(&mut stream).await;

    let mut idle = running.connect().await;
    idle.write_all(format!("{POST}Content-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut idle, false).await.status, 200);
    assert_eq!(ends(&mut idle).await, "");
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_every_deadline_still_arrives() {
    let waiting = Waiting::new();
    let limits = hasty();
    let longest = limits.idle_deadline * 2;
    let running = Setup { limits, endpoints: vec![std::sync::Arc::new(waiting.clone())], ..Setup::default() }.start();
    let mut stream = running.connect().await;
    stream.write_all(b"POST /wait HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 1\r\n\r\nx").await.unwrap();
    waiting.began.acquire().await.unwrap().forget();
    tokio::time::sleep(longest).await;
    waiting.proceed.add_permits(1);
    assert_eq!(read_reply(&mut stream, false).await.body, "finished");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off() {
    let mut all = endpoints();
    all.push(page("/large", |_| Ok(keyhook_component::response::Response::html(http::StatusCode::OK, vec![b'x'; 64 << 20]))));
    let running = Setup { limits: hasty(), endpoints: all, ..Setup::default() }.start();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(running.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    turned_away(&running, "too_slow").await;
}

#[tokio::test]
async fn more_requests_at_once_than_allowed_are_told_to_come_back() {
    let waiting = Waiting::new();
    let limits = Limits { in_flight: 1, ..Limits::default() };
    let running = Setup { limits, endpoints: vec![std::sync::Arc::new(waiting.clone())], ..Setup::default() }.start();
    let mut first = running.connect().await;
    first.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    waiting.began.acquire().await.unwrap().forget();
    let second = running.get("/wait").await;
    assert_eq!((second.status, second.header("retry-after")), (503, "1"));
    assert!(second.body.contains("temporarily_unavailable"));
    waiting.proceed.add_permits(1);
    assert_eq!(read_reply(&mut first, false).await.status, 200);
}

#[tokio::test]
async fn silent_connections_do_not_keep_good_ones_out() {
    let limits = Limits { connections: 16, ..hasty() };
    let running = Setup { limits, ..Setup::default() }.start();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(running.connect().await);
    }
    assert_eq!(running.get("/echo").await.status, 200);
}

/// Waits until the edge has counted somebody it turned away.
async fn turned_away(running: &Running, reason: &str) {
    let line = format!("keyhook_http_refused_total{{reason=\"{reason}\"}}");
    let counted = async {
        while !running.metrics.page().contains(&line) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), counted).await.expect("the server cuts the connection off");
}
