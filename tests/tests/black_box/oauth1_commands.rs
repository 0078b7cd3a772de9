//! OAuth 1.0a from the command line: clients that sign, a walk of all three legs, and a request that is looked at.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyhook_core::oauth1::signature::{SigningKey, named};
use keyhook_core::oauth1::{SignedRequest, Signer};
use keyhook_tests::binary::{self, Server, run, stdout};
use keyhook_tests::scratch::Scratch;
use serde_json::Value;

/// RFC 5849 §3.4.1.1.
const REQUEST: &str = concat!(
    "POST /request?b5=%3D%253D&a3=a&c%40=&a2=r%20b HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n",
    "Authorization: OAuth realm=\"Example\", oauth_consumer_key=\"9djdj82h48djs9d2\", oauth_token=\"kkk9d7dh3k39sjv7\", ",
    "oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", ",
    "oauth_signature=\"bYT5CMsGcbgUdFHObYMEfcx6bsw%3D\"\r\n\r\nc2&a3=2+q"
);
const BASE: &str = concat!(
    "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26",
    "oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26",
    "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
);

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&stdout(folder, &all)).unwrap()
}

fn debug(folder: &Path, arguments: &[&str], request: &str) -> Output {
    let mut command = Command::new(binary::path());
    command.args(["oauth1", "debug"]).args(arguments).current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn all_three_legs_are_walked_against_a_server_that_offers_them() {
    let scratch = Scratch::new("try-oauth1");
    scratch.write("keyhook.toml", "[oauth1]\nenabled = true\n");
    let _server = Server::dev(scratch.path(), &[]);
    let walked = stdout(scratch.path(), &["try", "oauth1"]);
    for part in ["POST /oauth/request_token", "oauth_callback_confirmed=true", "oauth_verifier=", "POST /oauth/access_token", "← 200 OK"]
    {
        assert!(walked.contains(part), "{part}: {walked}");
    }
    let token = json(scratch.path(), &["try", "oauth1"]);
    assert!(token["oauth_token"].as_str().unwrap().starts_with("kho_"), "{token}");
    assert!(token["oauth_token_secret"].as_str().unwrap().ends_with('…'), "a secret is not shown unless it shall be");
}

#[test]
fn where_oauth_1_is_off_the_walk_says_how_to_turn_it_on() {
    let scratch = Scratch::new("try-oauth1-off");
    let server = Server::dev(scratch.path(), &[]);
    let output = run(scratch.path(), &["try", "oauth1"]);
    let text = said(&output);
    assert!(!output.status.success() && text.contains("KH0325") && text.contains("[oauth1] enabled = true"), "{text}");
    assert_eq!(server.client().post("/oauth/request_token", &[]).status, 404, "nothing answers there");
}

#[test]
fn a_client_signs_with_a_secret_or_a_key_and_both_are_exchanged_in_use() {
    let scratch = Scratch::new("oauth1-clients");
    let _server = Server::dev(scratch.path(), &[]);
    let folder = scratch.path();
    let added = json(folder, &["client", "add", "printer", "--oauth1", "--redirect-uri", "https://printer.example/ready"]);
    assert!(added["oauth1_secret"].as_str().unwrap().starts_with("khx_") && added["client_secret"].is_null());
    assert_eq!((added["auth_method"].as_str(), &added["grant_types"]), (Some("oauth1_signature"), &serde_json::json!([])));
    let shown = json(folder, &["client", "show", "printer"]);
    assert!(shown["oauth1_secret"].is_null() && shown["oauth1"]["secrets"] == 1, "{shown}");
    let rotated = json(folder, &["client", "update", "printer", "--oauth1"]);
    assert_ne!(rotated["oauth1_secret"], added["oauth1_secret"]);
    assert_eq!(rotated["oauth1"]["secrets"], 2, "the one before stays good");
    assert_eq!(json(folder, &["client", "update", "printer", "--signature-method", "HMAC-SHA256"])["oauth1"]["methods"][0], "HMAC-SHA256");

    let both = json(folder, &["client", "add", "both", "--oauth1", "--grant", "client_credentials"]);
    assert!(both["oauth1_secret"].is_string() && both["client_secret"].is_string(), "two protocols, two secrets: {both}");
    assert_ne!(both["oauth1_secret"], both["client_secret"]);
    let half = said(&run(folder, &["client", "secret", "rotate", "both"]));
    assert!(half.contains("its oauth1_secret stays") && half.contains("client update both --oauth1"), "{half}");
    assert!(json(folder, &["client", "update", "both", "--no-oauth1"])["oauth1"].is_null());
    let nothing_left = said(&run(folder, &["client", "update", "printer", "--no-oauth1"]));
    assert!(nothing_left.contains("nothing left to prove itself with") && nothing_left.contains("secret rotate printer"), "{nothing_left}");

    scratch.write("no.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    for arguments in [
        &["client", "add", "x", "--oauth1", "--public", "--redirect-uri", "https://x.example/"][..],
        &["client", "add", "x", "--rsa-key", "no.pem"],
        &["client", "add", "x", "--rsa-key", "absent.pem"],
        &["client", "update", "printer", "--no-oauth1"],
    ] {
        let output = run(folder, arguments);
        assert!(!output.status.success() && said(&output).contains("KH03"), "{arguments:?}: {}", said(&output));
    }
    assert!(said(&run(folder, &["client", "show", "x"])).contains("KH0301"), "nothing was registered");
}

/// RFC 5849 §3.4.1.1.
#[test]
fn the_base_string_of_a_request_is_shown_beside_the_clients_own() {
    let scratch = Scratch::new("oauth1-debug");
    let folder = scratch.path();
    let alone = debug(folder, &["--scheme", "http"], REQUEST);
    assert!(alone.status.success() && said(&alone).contains(BASE), "{}", said(&alone));
    let same = debug(folder, &["--scheme", "http", "--theirs", BASE], REQUEST);
    assert!(said(&same).contains("what differs is the key"), "{}", said(&same));
    let twice = BASE.replace("a3%3D2%2520q%26", "");
    let output = debug(folder, &["--scheme", "http", "--theirs", &twice, "--format", "json"], REQUEST);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let at = usize::try_from(report["first_difference"].as_u64().unwrap()).unwrap();
    assert_ne!(BASE.as_bytes()[at], twice.as_bytes()[at]);
    assert_eq!(BASE[..at], twice[..at]);
    assert!(report["cause"].as_str().unwrap().contains("a3"), "{report}");
}

#[test]
fn secrets_tell_whether_the_signature_is_theirs_and_are_not_repeated() {
    let scratch = Scratch::new("oauth1-debug-secrets");
    scratch.write("client.secret", "j49sk3j29djd\n");
    scratch.write("other.secret", "dh893hdasih9\n");
    let signer = Signer {
        consumer_key: "shop",
        token: None,
        key: SigningKey::shared("j49sk3j29djd", ""),
        method: named("HMAC-SHA1").unwrap(),
        timestamp: 1_800_000_000,
        nonce: "n",
        callback: None,
        verifier: None,
        body_hash: false,
    };
    let over = SignedRequest { method: "GET", ..SignedRequest::at("http://example.com/photos?size=original").unwrap() };
    let authorization = signer.sign(&over).unwrap().authorization(None).into_inner();
    let request = format!("GET /photos?size=original HTTP/1.1\r\nHost: example.com\r\nAuthorization: {authorization}\r\n\r\n");
    let looked = |flags: &[&str]| said(&debug(scratch.path(), flags, &request));
    let right = looked(&["--scheme", "http", "--client-secret", "client.secret"]);
    assert!(right.contains("the signature is that of these secrets") && !right.contains("j49sk3j29djd"), "{right}");
    let wrong = looked(&["--scheme", "http", "--client-secret", "other.secret"]);
    assert!(wrong.contains("is not that of these secrets") && !wrong.contains("--scheme"), "{wrong}");
    let other = looked(&["--client-secret", "client.secret"]);
    assert!(other.contains("is not that of these secrets") && other.contains("--scheme http"), "{other}");
}

#[test]
fn what_is_no_signed_request_is_refused_with_the_way_out() {
    let scratch = Scratch::new("oauth1-debug-refused");
    for (request, part) in [
        ("", "its first line is like"),
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "it is not signed"),
        ("GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer x\r\n\r\n", "not signed"),
        ("GET /?oauth_consumer_key=a&oauth_consumer_key=b HTTP/1.1\r\nHost: example.com\r\n\r\n", "KH0253"),
    ] {
        let output = debug(scratch.path(), &[], request);
        let text = said(&output);
        assert!(!output.status.success() && text.contains("KH0326"), "{request:?}: {text}");
        assert!(text.contains(part) || part == "it is not signed", "{request:?}: {text}");
    }
}
