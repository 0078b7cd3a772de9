//! Requests that are broken, with secrets in every part.

use keyhook_tests::http::base64;

use super::Run;

/// Requests that are refused before anybody knows what they mean.
pub(super) fn maltreat(run: &mut Run) {
    let mut client = run.pair.browser();
    let host = client.host.clone();
    let secrets = ["canary-of-a-raw-request", "canary-of-a-broken-header", "canary-of-a-large-body", "canary-of-a-json-body"];
    let [raw, header, large, json] = secrets;
    for secret in secrets {
        run.canaries.plant("secret of a broken request", secret);
    }
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let requests = [
        format!("GET /token?client_secret={raw} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"),
        format!("{raw} /token HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"),
        format!("GET /{raw} HTTP/9.9\r\nhost: {host}\r\n\r\n"),
        format!("POST /token HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{form}content-length: 29\r\n\r\ncode={raw}%"),
        format!(
            "GET /authorize HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {header}=\r\ncookie: keyhook={header}; keyhook-browser={header}\r\nconnection: close\r\n\r\n"
        ),
        format!(
            "POST /token HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {header}\r\nauthorization: Basic {header}\r\nconnection: close\r\n{form}content-length: 0\r\n\r\n"
        ),
        format!("GET /authorize HTTP/1.1\r\nhost: {host}\r\nbad header\0: {header}\r\n\r\n"),
        format!("GET /authorize HTTP/1.1\r\nhost: {host}\r\nx-large: {}\r\n\r\n", header.repeat(2000)),
        format!("POST /token HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{form}content-length: 200000\r\n\r\n{}", large.repeat(100)),
        format!(
            "POST /token HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 41\r\n\r\n{{\"client_secret\":\"{json}\"}}"
        ),
    ];
    for request in requests {
        // What is no HTTP may get no answer.
        if let Ok(answer) = client.send(request.as_bytes()) {
            assert!(answer.status >= 400, "{} for {request:.80}", answer.status);
            run.look_at_answer("the answer to a broken request", &answer);
        }
    }
    let encoded = base64(b"shop:canary-of-a-broken-header");
    let answer = client.request("POST", "/token", &[("authorization", &format!("basic  {encoded}"))], b"grant_type=client_credentials");
    run.look_at_answer("the answer to a broken request", &answer);
}
