//! What people and programs are told: refusals, security headers, the wrong host.

use super::support::Setup;

/// RFC 6749 §5.2; RFC 9110 §15.5.2.
#[tokio::test]
async fn a_program_gets_json_with_status_and_challenge() {
    let running = Setup::default().start();
    let refused = running.send("POST /refuse HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Basic realm=\"keyhook\", charset=\"UTF-8\""));
    assert_eq!((refused.header("cache-control"), refused.header("content-type")), ("no-store", "application/json"));
    assert!(refused.body.contains(r#""error":"invalid_client""#) && !refused.body.contains("break"));
    assert_eq!(refused.header("x-request-id").len(), 16);
    let away = running.send("POST /away HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((away.status, away.header("retry-after")), (503, "7"));
}

#[tokio::test]
async fn only_in_development_a_program_learns_code_and_request() {
    let ask = "POST /refuse HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n\r\n";
    let told = Setup { dev: true, ..Setup::default() }.start().send(ask).await;
    let body: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((body["error"].as_str(), body["kh_code"].as_str()), (Some("invalid_client"), Some("KH0225")));
    assert_eq!(body["request_id"], told.header("x-request-id"));
    assert_eq!(body["explain"], "keyhook explain KH0225");
    let plain = Setup::default().start().send(ask).await;
    assert!(!plain.body.contains("KH") && !plain.body.contains("request_id"), "{}", plain.body);
}

#[tokio::test]
async fn a_panic_is_one_refused_request() {
    let running = Setup::default().start();
    for _ in 0..2 {
        let reply = running.send("POST /panic HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(reply.status, 500);
        assert!(reply.body.contains("server_error") && !reply.body.contains("a bug"), "{}", reply.body);
    }
    assert_eq!(running.application.in_flight(), 0);
}

#[tokio::test]
async fn a_person_gets_a_page() {
    let running = Setup::default().start();
    let broken = running.get("/broken").await;
    assert_eq!((broken.status, broken.body.as_str()), (400, "error page: the link is broken"));
    assert!(broken.header("content-security-policy").contains("frame-ancestors 'none'"));
}

/// RFC 6749 §4.1.2.1; RFC 9207 §2; RFC 9700 §4.12.
#[tokio::test]
async fn a_proven_client_is_told_by_a_redirect_with_state_and_issuer() {
    let reply = Setup::default().start().get("/redirect").await;
    let location = reply.header("location");
    assert_eq!(reply.status, 303);
    assert!(location.starts_with("https://shop.test/cb?a=1&error=access_denied&error_description="), "{location}");
    assert!(location.contains("&state=a+b%26c%3D%0D%0A%C3%A9&iss=http%3A%2F%2Flocalhost%3A8080"), "{location}");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn a_page_at_another_host_says_so_and_an_api_does_not_care() {
    let running = Setup { issuer: "https://id.example", ..Setup::default() }.start();
    let page = running.get("/page").await;
    assert_eq!((page.status, page.body.as_str()), (421, "wrong host localhost:8080 not https://id.example"));
    assert_eq!(running.get("/echo").await.status, 200);
}

#[tokio::test]
async fn in_development_another_loopback_name_is_sent_to_the_issuer() {
    let running = Setup { dev: true, ..Setup::default() }.start();
    let sent = running.send("GET /page?a=1&b=%0d HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n").await;
    assert_eq!((sent.status, sent.header("location")), (302, "http://localhost:8080/page?a=1&b=%0d"));
    let stranger = running.send("GET /page HTTP/1.1\r\nHost: evil.test:8080\r\n\r\n").await;
    assert_eq!(stranger.status, 421);
    assert_eq!(running.get("/page").await.status, 200);
}
