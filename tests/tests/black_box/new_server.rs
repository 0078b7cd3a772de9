//! A server of one's own: `keyhook new server`, built, with a grant that is linked in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use keyhook_core::crypto::hmac_sha256;
use keyhook_tests::back_channel::BackChannel;
use keyhook_tests::binary::{Server, free_port, run, stdout};
use keyhook_tests::libraries::workspace;
use keyhook_tests::scratch::Scratch;
use serde_json::json;

const KEY: &[u8] = b"a key that only this test and its server know";
const GRANT_TYPE: &str = "urn:example:grant:ticket";

/// Where this test was built: the crates that both are made of are there already.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    // As the repository's own, so that little is built a second time, and that without optimization.
    cargo.args(["--config", "profile.dev.debug='line-tables-only'"]);
    for ours in ["", "-builtin", "-component", "-core", "-edge", "-host", "-plugin", "-plugin-macros", "-stores"] {
        cargo.args(["--config", &format!("profile.dev.package.keyhook{ours}.opt-level=0")]);
    }
    cargo.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A ticket as the other system signs it.
fn ticket(client_id: &str, user: &str, seconds: i64) -> String {
    #[allow(clippy::disallowed_methods, reason = "the server under test runs by the machine's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signed = format!("{user}.{}", i64::try_from(now).unwrap() + seconds);
    let tag = hmac_sha256(KEY, format!("{client_id}.{signed}").as_bytes());
    tag.iter().fold(signed + ".", |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn a_server_of_ones_own_is_built_and_its_grant_gives_tokens() {
    let scratch = Scratch::new("new-server");
    let said = stdout(scratch.path(), &["new", "server", "acme-login", "--source", workspace().to_str().unwrap()]);
    assert!(said.contains("cd acme-login") && said.contains("cargo run -- dev"), "it tells the next two commands: {said}");
    let folder = scratch.join("acme-login");
    cargo(&folder, &["build", "--offline"]);
    let tested = cargo(&folder, &["test", "--offline", "--package", "acme-login-grant"]);
    assert!(String::from_utf8_lossy(&tested.stdout).contains("a_ticket_is_good_for_its_client_until_it_expires ... ok"));

    let program = target().join("debug/acme-login");
    let key = scratch.write("ticket.key", KEY);
    let port = free_port();
    let mut dev = Command::new(&program);
    dev.args(["dev", "--port", &port.to_string()]).current_dir(&folder).env("TICKET_KEY_FILE", key);
    let server = Server::launch(dev, port);
    let grants = server.client().get("/.well-known/oauth-authorization-server").json()["grant_types_supported"].clone();
    assert!(grants.as_array().unwrap().contains(&json!(GRANT_TYPE)), "{grants}");

    let mut add = Command::new(&program);
    add.args(["client", "add", "shop", "--grant", GRANT_TYPE, "--scope", "read write", "--introspect", "--format", "json"]);
    let added = add.current_dir(&folder).output().unwrap();
    let added: serde_json::Value = serde_json::from_slice(&added.stdout).unwrap();
    let shop = BackChannel::new(server.client(), "shop", added["client_secret"].as_str().unwrap());
    let ask = |ticket: &str, scope: &str| shop.post("/token", &[("grant_type", GRANT_TYPE), ("ticket", ticket), ("scope", scope)]);

    let answer = ask(&ticket("shop", "alice", 60), "read");
    assert_eq!((answer.status, &answer.json()["scope"]), (200, &json!("read")), "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let told = shop.introspect(&token);
    assert_eq!((&told["active"], &told["sub"], &told["client_id"]), (&json!(true), &json!("alice"), &json!("shop")));
    shop.revoke(&token);
    assert!(!shop.is_active(&token));

    for wrong in [ticket("shop", "alice", -1), ticket("other", "alice", 60), ticket("shop", "alice", 60) + "0", "alice".to_owned()] {
        assert_eq!(ask(&wrong, "read").error(), "invalid_grant", "{wrong}");
    }
    assert_eq!(ask(&ticket("shop", "alice", 60), "admin").error(), "invalid_scope");
    assert_eq!(shop.post("/token", &[("grant_type", GRANT_TYPE)]).error(), "invalid_request");
}

#[test]
fn without_the_source_no_server_is_begun() {
    let scratch = Scratch::new("no-source");
    let elsewhere = scratch.path().to_str().unwrap();
    let refused = run(scratch.path(), &["new", "server", "acme", "--source", elsewhere]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(4) && said.contains("KH0553") && said.contains("--source"), "{said}");
    assert!(!scratch.join("acme").exists());
}
