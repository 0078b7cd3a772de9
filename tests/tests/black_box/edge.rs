//! What every request meets before an endpoint does: hosts, methods, paths, sizes, framing (RFC 9110, RFC 9112).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use keyhook_tests::stage::Stage;

/// Sends bytes and returns everything that came back until the server closed, or nothing came for a while.
fn raw(stage: &Stage, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(stage.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&all).into_owned(),
            Ok(count) => all.extend_from_slice(&chunk[..count]),
        }
    }
}

fn alive(stage: &Stage) -> bool {
    stage.client().get("/.well-known/oauth-authorization-server").status == 200
}

/// RFC 9112 §6.3, §5.1, §5.2, §2.2: a message whose end is in doubt, or that is no message, is refused and the connection closed;
/// what was smuggled behind it is never answered.
#[test]
fn ambiguous_messages_are_refused_and_nothing_is_smuggled() {
    let stage = Stage::new();
    let host = stage.client().host;
    let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for framing in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding:\u{b}chunked",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 0, 5",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999999",
        "X\u{0}: y",
        "X: y\u{0}z",
        "X: y\rz",
        "X Y: z",
        ": nameless",
    ] {
        let answer = raw(&stage, format!("POST /token HTTP/1.1\r\nHost: {host}\r\n{framing}\r\n\r\n0\r\n\r\n{smuggled}").as_bytes());
        let statuses = answer.matches("HTTP/1.1 ").count();
        assert!(statuses <= 1, "{framing:?}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501"), "{framing:?}: {answer}");
        assert!(!answer.contains("smuggled"), "{framing:?}: {answer}");
    }
    assert!(alive(&stage));
}

/// RFC 9112 §3: request lines that are none; RFC 9110 §7.2: exactly one host.
#[test]
fn malformed_heads_are_refused() {
    let stage = Stage::new();
    let host = stage.client().host;
    for head in [
        "GET /authorize\r\nHost: HOST".to_owned(),
        "GET  /authorize HTTP/1.1\r\nHost: HOST".to_owned(),
        "GET /authorize HTTP/9.9\r\nHost: HOST".to_owned(),
        "G\u{0}ET /authorize HTTP/1.1\r\nHost: HOST".to_owned(),
        "GET /auth\u{0}orize HTTP/1.1\r\nHost: HOST".to_owned(),
        "GET authorize HTTP/1.1\r\nHost: HOST".to_owned(),
        "GET /authorize HTTP/1.1".to_owned(),
        "GET /authorize HTTP/1.1\r\nHost: HOST\r\nHost: HOST".to_owned(),
        "GET /authorize HTTP/1.1\r\nHost: HOST\r\nHost: evil.test".to_owned(),
        "GET /authorize HTTP/1.1\r\nHost: a b".to_owned(),
        "GET /authorize HTTP/1.1\r\nHost: user@HOST".to_owned(),
        "GET http://evil.test/authorize HTTP/1.1\r\nHost: HOST".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}".to_owned(),
    ] {
        let answer = raw(&stage, format!("{}\r\nConnection: close\r\n\r\n", head.replace("HOST", &host)).as_bytes());
        let refused =
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 505") || !answer.starts_with("HTTP/1.1");
        assert!(refused, "{head:?}: {answer}");
        assert!(!answer.contains("200 OK"), "{head:?}: {answer}");
    }
    assert!(alive(&stage));
}

/// RFC 9110 §15.5.14, RFC 6585 §5: what is too large is refused early, whatever it says about its size.
#[test]
fn too_much_is_refused() {
    let stage = Stage::new();
    let mut client = stage.client();
    let host = client.host.clone();
    let body = format!("grant_type=client_credentials&x={}", "a".repeat(100 << 10));
    let answer = client.request("POST", "/token", &[("content-type", "application/x-www-form-urlencoded")], body.as_bytes());
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let announced = raw(&stage, format!("POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 999999999\r\n\r\n").as_bytes());
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "a".repeat(64 << 10));
    assert!(raw(&stage, head.as_bytes()).starts_with("HTTP/1.1 431"));
    let many = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "X: y\r\n".repeat(1000));
    assert!(raw(&stage, many.as_bytes()).starts_with("HTTP/1.1 431"));
    let uri = raw(&stage, format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "a".repeat(70_000)).as_bytes());
    assert!(uri.starts_with("HTTP/1.1 414") || uri.starts_with("HTTP/1.1 431"), "{uri}");
    let parameters = (0..5000).map(|index| format!("p{index}=1")).collect::<Vec<_>>().join("&");
    let answer = stage.client().request("POST", "/token", &[("content-type", "application/x-www-form-urlencoded")], parameters.as_bytes());
    assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"));
    assert!(alive(&stage));
}

/// A chunked body is measured as it comes.
#[test]
fn an_endless_chunked_body_is_cut() {
    let stage = Stage::new();
    let chunk = format!("{:x}\r\n{}\r\n", 8192, "a".repeat(8192));
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n",
        stage.client().host
    );
    let answer = raw(&stage, format!("{head}{}", chunk.repeat(20)).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// Paths compare byte for byte: no other spelling reaches an endpoint.
#[test]
fn another_spelling_of_a_path_is_another_path() {
    let stage = Stage::new();
    for path in
        ["/token/", "//token", "/./token", "/x/../token", "/tok%65n", "/TOKEN", "/token;x=1", "/token%00", "/token%2f", "/nowhere", "/.env"]
    {
        let answer = stage.client().post(path, &[("grant_type", "client_credentials")]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains(".rs") && !answer.text().contains("panicked"));
    }
}

/// A person who comes by another name is told what was expected; a program at the token endpoint is not turned away by its host.
#[test]
fn a_page_at_a_wrong_host_says_what_to_set() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.host = "id.evil.test".to_owned();
    let page = client.get(&stage.ask().path());
    assert!(page.status >= 400 && page.header("location").is_none(), "{} {}", page.status, page.location());
    assert!(page.text().contains("id.evil.test") && page.text().contains(&stage.issuer), "{}", page.text());
    assert!(!page.headers.iter().any(|(name, _)| name == "set-cookie"));
    client.host = "<script>".to_owned();
    assert_eq!(client.get("/authorize").status, 400);
}

/// In development a visitor of 127.0.0.1 is sent to the issuer, so that cookies fit.
#[test]
fn the_other_name_of_loopback_leads_to_the_issuer() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.host = client.host.replace("localhost", "127.0.0.1");
    let answer = client.get("/logout");
    assert_eq!(answer.location(), format!("{}/logout", stage.issuer), "{}", answer.status);
}

/// Pages carry the headers that keep them from being framed, cached, sniffed, or scripted; no server name is told.
#[test]
fn pages_are_protected() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    let login = keyhook_tests::flow::follow(&mut browser, arrived);
    let missing = stage.client().get("/authorize");
    for page in [login, missing, stage.client().get("/logout")] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("form-action"),
            "{policy}"
        );
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("server"), None);
    }
}

/// Whatever is asked, an API answers JSON with a request id that leads to the log.
#[test]
fn every_answer_has_a_request_id_of_the_servers_own() {
    let stage = Stage::new();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = stage.client().request("POST", "/token", &[("x-request-id", "forged\tid")], b"");
        ids.push(answer.header("x-request-id").unwrap().to_owned());
    }
    assert!(ids[0] != ids[1] && !ids[0].contains("forged"));
}

/// RFC 6749 §5.1, RFC 9700 §4.2: nothing but the public documents may be kept by anybody, whatever the method and outcome.
#[test]
fn nothing_that_could_hold_a_secret_may_be_kept() {
    let stage = Stage::new();
    for path in ["/authorize", "/authorize/resume", "/token", "/introspect", "/revoke", "/login", "/consent", "/logout"] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = stage.client().request(method, path, &[("content-type", "application/x-www-form-urlencoded")], b"");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}: {}", answer.status);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {path}");
        }
    }
}

/// What a stranger says about where it comes from is not believed: neither host, nor scheme, nor address.
#[test]
fn forwarded_headers_of_strangers_are_ignored() {
    let stage = Stage::configured("[login.attempts]\nper_address = 3");
    let mut browser = stage.client();
    let forged = [
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.test;proto=https"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    let arrived = browser.request("GET", &stage.ask().path(), &forged, b"");
    assert!(arrived.location().starts_with("/login?"), "{} {}", arrived.status, arrived.location());
    assert_eq!(arrived.header("strict-transport-security"), None);
    let page = keyhook_tests::flow::follow(&mut browser, arrived);
    let form = keyhook_tests::flow::Form::with_field(&page.text(), "password");
    let statuses: Vec<_> = (0..5)
        .map(|index| {
            let (name, address) = (format!("user{index}"), format!("192.0.2.{index}"));
            let fields = form.filled(&[("username", name.as_str()), ("password", "wrong")]);
            browser.post_with(&form.action, &[("x-forwarded-for", &address), ("x-real-ip", &address)], &fields).status
        })
        .collect();
    assert_eq!(statuses, [422, 422, 422, 429, 429], "another address in a header is not another address");
}
