//! Messages that two servers could read in two ways are refused, and the connection ends (RFC 9112 §6, §11.2).

use super::support::Setup;

fn post(headers: &str, body: &str) -> String {
    format!("POST /token HTTP/1.1\r\nHost: localhost:8080\r\n{headers}\r\n{body}")
}

/// RFC 9112 §6.1 and §6.3.
#[tokio::test]
async fn a_malformed_framing_is_refused_and_the_connection_closed() {
    let running = Setup::default().start();
    let smuggled = "0\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
    for headers in [
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length:\r\n",
    ] {
        let answer = running.send_to_end(post(headers, smuggled)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{headers:?} {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?} {answer}");
    }
}

/// RFC 9112 §6.1: a message with both ought to be handled as an error.
#[tokio::test]
async fn a_message_with_both_length_and_coding_is_refused() {
    let running = Setup::default().start();
    let smuggled = "0\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
    for headers in ["Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n"] {
        let answer = running.send_to_end(post(headers, smuggled)).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?} {answer}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

/// RFC 9112 §2.2, §5.1, §5.2; RFC 9110 §5.5.
#[tokio::test]
async fn a_malformed_head_is_refused() {
    let running = Setup::default().start();
    for head in [
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A: 1\r\n folded\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A : 1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A: 1\0\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A: 1\rX-B: 2\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX(A): 1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\n: 1\r\n\r\n",
        "GET /ec\0ho HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "GET /echo HTTP/1.1\nHost: localhost:8080\n\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nX-A: 1\nX-B: 2\r\n\r\n",
        "GET  /echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "GET /echo HTTP/3.1\r\nHost: localhost:8080\r\n\r\n",
        "G@T /echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
    ] {
        let answer = running.send_to_end(head).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?} {answer}");
    }
}

/// RFC 9112 §3.2: 400 when `Host` is missing, repeated or malformed.
#[tokio::test]
async fn a_request_without_exactly_one_host_is_refused() {
    let running = Setup::default().start();
    for head in [
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nHost: localhost:8080\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: localhost/evil\r\n\r\n",
        "GET http://evil.test/echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "GET ftp://localhost:8080/echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "CONNECT localhost:8080 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
    ] {
        let answer = running.send_to_end(head).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?} {answer}");
    }
    let same = running.send("GET http://localhost:8080/echo HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await;
    assert_eq!(same.status, 200);
}

/// RFC 9110 §6.5.1: trailer fields are not merged into the header section.
#[tokio::test]
async fn a_chunked_body_is_read_and_its_trailers_are_dropped() {
    let running = Setup::default().start();
    let chunked = "3\r\na=1\r\n4;x=y\r\n&b=2\r\n0\r\nX-Late: 1\r\n\r\n";
    let reply = running.send(post("Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n", chunked)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("body=a=1&b=2 ") && reply.body.contains("trailer=false"), "{}", reply.body);
}

#[tokio::test]
async fn a_chunk_that_lies_about_its_size_is_refused() {
    let running = Setup::default().start();
    for chunks in ["FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n", "-1\r\na\r\n", "g\r\na\r\n", "1\na\n"] {
        let answer = running.send_to_end(post("Transfer-Encoding: chunked\r\n", chunks)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{chunks:?} {answer}");
    }
}

#[tokio::test]
async fn an_endpoint_cannot_change_how_its_response_is_framed() {
    let reply = Setup::default().start().get("/splitter").await;
    assert_eq!((reply.header("content-length"), reply.header("transfer-encoding"), reply.header("server")), ("4", "", ""));
    assert_eq!(reply.body, "four");
}
