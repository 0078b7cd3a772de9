//! Connections that are slow, silent, shared or cut: they cost their owner, and nobody else (RFC 9112 §9).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use keyhook_tests::stage::Stage;

const DOCUMENT: &str = "/.well-known/oauth-authorization-server";

/// Connections that an attacker holds open.
const HELD: usize = 200;

/// Requests that begin and never end, silence, and bodies that never come, all at once: good clients are answered. How long they
/// wait beside thousands of these is measured in `pressure`.
#[test]
fn slow_connections_delay_nobody_else() {
    let stage = Stage::new();
    let host = stage.client().host;
    let beginnings = [
        String::new(),
        "GET /authorize HTTP/1.1\r\n".to_owned(),
        format!("GET {DOCUMENT} HTTP/1.1\r\nHost: {host}\r\nX-Slow: "),
        format!(
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\ngrant"
        ),
        format!("POST /token HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n"),
    ];
    let held: Vec<_> = (0..HELD)
        .map(|index| {
            let mut stream = TcpStream::connect(stage.address).unwrap();
            stream.write_all(beginnings[index % beginnings.len()].as_bytes()).unwrap();
            stream
        })
        .collect();
    let machine = stage.back_channel("machine");
    for _ in 0..200 {
        assert_eq!(machine.post("/token", &[("grant_type", "client_credentials")]).status, 200, "beside {} held connections", held.len());
    }
    assert_eq!(stage.redeem(&stage.code()).status, 200);
}

/// RFC 9112 §9.3.2: answers come in the order of the requests, each to its own.
#[test]
fn requests_in_one_go_are_answered_in_their_order() {
    let stage = Stage::new();
    let host = stage.client().host;
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let get = |path: &str, last: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{last}\r\n");
    let post = format!(
        "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ngrant_type=x"
    );
    let all = [get(DOCUMENT, ""), get("/nowhere", ""), post, get("/token", ""), get(DOCUMENT, "Connection: close\r\n")].concat();
    stream.write_all(all.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let statuses: Vec<_> = text.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "404", "401", "405", "200"], "{text}");
}

/// A client that goes away in the middle leaves nothing half-done: the code it sent is redeemed or is not, once.
#[test]
fn a_client_that_goes_away_leaves_nothing_half_done() {
    let stage = Stage::new();
    let (host, verifier) = (stage.client().host, stage.ask().pkce.verifier);
    let authorization = keyhook_tests::http::basic("shop", keyhook_tests::stage::SECRET);
    let mut browser = stage.client();
    for _ in 0..20 {
        let code = keyhook_tests::flow::code(&mut browser, &stage.ask(), keyhook_tests::stage::ALICE);
        let form = keyhook_tests::back_channel::BackChannel::code_form(&code, keyhook_tests::stage::SHOP_URI, &verifier);
        let body = keyhook_tests::http::encode_form(&form);
        let head = format!(
            "POST /token HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(stage.address).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        drop(stream);
        let (first, second) = (stage.redeem(&code), stage.redeem(&code));
        assert!(first.status == 200 || first.error() == "invalid_grant", "{} {}", first.status, first.text());
        assert_eq!(second.error(), "invalid_grant");
    }
}

/// RFC 9110 §10.1.1: whoever waits for `100 Continue` gets it, or the final answer.
#[test]
fn a_body_that_waits_to_be_asked_for_is_asked_for() {
    let stage = Stage::new();
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n",
        stage.client().host
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100");
    stream.write_all(b"grant_type=x").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 401"), "{rest}");
}

/// HTTP/1.0 without a host is not answered by a page that would have to guess its own name.
#[test]
fn an_old_client_without_a_host_is_refused() {
    let stage = Stage::new();
    for request in ["GET /authorize HTTP/1.0\r\n\r\n", "POST /token HTTP/1.0\r\nContent-Length: 0\r\n\r\n"] {
        let answer = stage.client().send(request.as_bytes()).unwrap();
        assert_eq!(answer.status, 400, "{request}");
    }
}
