//! Behind a proxy: whose headers are believed.

use super::support::Setup;

const SENT: &str = "GET /echo HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\
                    X-Forwarded-Host: id.example\r\nX-Request-Id: given-by-proxy\r\n\r\n";

#[tokio::test]
async fn a_listed_proxy_is_believed() {
    let body = Setup { proxies: &["127.0.0.0/8"], ..Setup::default() }.start().send(SENT).await.body;
    assert!(body.contains("ip=203.0.113.9 scheme=https host=id.example id=given-by-proxy "), "{body}");
}

#[tokio::test]
async fn a_stranger_is_not_believed() {
    let body = Setup { proxies: &["10.0.0.0/8"], ..Setup::default() }.start().send(SENT).await.body;
    assert!(body.contains("ip=127.0.0.1 scheme=http host=inner ") && !body.contains("given-by-proxy"), "{body}");
}

#[tokio::test]
async fn a_page_behind_a_proxy_is_at_the_issuers_host() {
    let running = Setup { issuer: "https://id.example", proxies: &["127.0.0.1"], ..Setup::default() }.start();
    let reply = running.send(SENT.replace("/echo", "/page")).await;
    assert_eq!((reply.status, reply.header("strict-transport-security")), (200, "max-age=31536000"));
}
