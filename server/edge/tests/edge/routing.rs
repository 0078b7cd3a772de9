//! Which endpoint answers, and what is said when none does.

use std::collections::HashSet;

use http::{Method, StatusCode};
use keyhook_component::response::Response;
use keyhook_edge::{Metrics, RouteConflict, RouteTable};
use tokio::io::AsyncWriteExt;

use super::client::read_reply;
use super::support::{Setup, live, page, small};

/// Paths compare byte for byte: no spelling of a path passes a rule that names another (CWE-551).
#[tokio::test]
async fn a_path_is_what_was_sent() {
    let running = Setup::default().start();
    assert_eq!(running.get("/echo").await.status, 200);
    assert_eq!(running.get("/echo?").await.status, 200);
    for path in ["/echo/", "//echo", "/ECHO", "/ech%6f", "/echo;x", "/./echo", "/x/../echo", "/echo%00", "/echo%2f", "/echo%20"] {
        let reply = running.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (404, "not found page"), "{path}");
        assert_eq!(reply.header("x-request-id").len(), 16);
    }
}

/// RFC 9110 §15.5.6.
#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let running = Setup::default().start();
    let get = running.get("/token").await;
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
    for method in ["TRACE", "post", "PROPFIND", "DELETE", "PRI"] {
        let reply = running.send(format!("{method} /echo HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: GET\r\n\r\n")).await;
        assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD"), "{method}");
    }
}

/// RFC 9110 §9.3.2.
#[tokio::test]
async fn head_is_get_without_its_content() {
    let running = Setup::default().start();
    let mut stream = running.connect().await;
    stream.write_all(b"HEAD /page HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    let head = read_reply(&mut stream, true).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, "8", ""));
    stream.write_all(b"GET /page HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").await.unwrap();
    assert_eq!(read_reply(&mut stream, false).await.body, "<p>hello");
}

#[tokio::test]
async fn a_pattern_hands_over_what_it_matched_as_it_was_sent() {
    let reply = Setup::default().start().get("/files/a%2fb/x?y=1").await;
    assert!(reply.body.contains("parameters=name=a%2fb ") && reply.body.contains("q=y=1 "), "{}", reply.body);
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let running = Setup::default().start();
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let body = running.get("/echo").await.body;
        let id = body.split("id=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        assert_eq!(id.len(), 16);
        assert!(seen.insert(id));
    }
}

#[test]
fn two_owners_of_one_route_are_both_named() {
    let ok = |_: &keyhook_component::request::Request| Ok(Response::empty(StatusCode::OK));
    let build = |endpoints: &[_]| {
        let empty = live(&[], "http://localhost:8080", false, &Metrics::new());
        RouteTable::build(endpoints, &empty.context.settings, &Metrics::new()).map(|_| ())
    };
    let conflict = build(&[small("token", Method::POST, "/token", ok), small("acme", Method::POST, "/token", ok)]).unwrap_err();
    assert!(matches!(&conflict, RouteConflict::Twice { first, second, .. } if first == "token" && second == "acme"), "{conflict}");
    let overlap = build(&[small("one", Method::GET, "/a/{b}", ok), small("two", Method::GET, "/a/{c}", ok)]).unwrap_err();
    assert!(overlap.to_string().contains("`two`") && overlap.to_string().contains("shares URLs with /a/{b}"), "{overlap}");
    assert!(build(&[small("one", Method::GET, "a", ok)]).is_err() && build(&[small("one", Method::GET, "/a?b", ok)]).is_err());
    assert!(build(&[small("one", Method::GET, "/a", ok), small("two", Method::POST, "/a", ok)]).is_ok());
    assert!(build(&[page("/a", ok), small("two", Method::GET, "/{any}", ok)]).is_ok());
}
