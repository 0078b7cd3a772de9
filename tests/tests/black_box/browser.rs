//! A real Chromium signs in, consents, denies, and lands at the client.

use std::process::Command;

use keyhook_tests::binary::{self, Server, free_port};
use keyhook_tests::libraries::workspace;
use keyhook_tests::scratch::Scratch;

#[test]
fn a_person_in_chromium_signs_in_allows_denies_and_walks_the_playground() {
    let scratch = Scratch::new("browser");
    let server = Server::dev(scratch.path(), &[]);
    let port = free_port();
    let redirect_uri = format!("http://localhost:{port}/cb");
    binary::stdout(
        scratch.path(),
        &["client", "add", "browser", "--public", "--native", "--name", "Browser test", "--redirect-uri", &redirect_uri, "--scope", "read"],
    );
    #[allow(clippy::disallowed_methods, reason = "the task runner says where it installed the clients")]
    let tools = std::env::var_os("KEYHOOK_TEST_TOOLS").map_or_else(|| workspace().join("target/tools"), Into::into);
    let output = Command::new(tools.join("python/bin/python"))
        .arg(workspace().join("tests/interop/python/browser.py"))
        .args([&format!("http://localhost:{}", server.port), "browser", &port.to_string()])
        .args(screenshots())
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}\n{}", server.log());
    assert_eq!(out.lines().collect::<Vec<_>>(), ["allowed", "signed in still", "denied", "playground"]);
}

/// Where to leave pictures of the pages, for people who want to look at them.
fn screenshots() -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "a wish of the person at the keyboard")]
    std::env::var("KEYHOOK_SCREENSHOTS").ok()
}
