//! `keyhook dev` and the `keyhook.toml` beside it: read, followed, and never mistaken for another deployment's.

use std::path::Path;

use keyhook_tests::binary::{Server, run, stdout};
use keyhook_tests::libraries;
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;
use serde_json::Value;

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&stdout(folder, &all)).unwrap()
}

/// The lifetime that a new access token gets.
fn lifetime(folder: &Path) -> Value {
    json(folder, &["try", "client-credentials"])["expires_in"].clone()
}

#[test]
fn dev_reads_the_usual_file_and_sets_aside_what_is_its_own() {
    let scratch = Scratch::new("dev-file");
    scratch.write(
        "keyhook.toml",
        "[server]\nissuer = \"https://login.example\"\nlisten = [\"0.0.0.0:443\"]\ntls = \"behind_proxy\"\n\
         [keys]\nmaster_file = \"/nowhere/master.key\"\n[plugins]\ndirectories = [\"more\", \"nowhere\"]\n[tokens]\naccess_ttl = \"7m\"\n",
    );
    scratch.write("more/.keep", "");
    std::fs::copy(libraries::rust("hello-handler"), scratch.join("more/libhello_handler.so")).unwrap();
    let server = Server::dev(scratch.path(), &[]);
    assert_eq!(lifetime(scratch.path()), 420);
    let source = "./keyhook.toml ([server], [keys] are dev's own; nowhere is not there)";
    server.wait_for(source);
    let page = server.client().get("/").text();
    assert!(page.contains("./keyhook.toml ([server], [keys] are dev&#39;s own; nowhere is not there)"), "{page}");
    assert!(stdout(scratch.path(), &["plugin", "list"]).contains("✓ hello-handler"), "the file's folder counts too");
    std::fs::copy(libraries::rust("customize-response"), scratch.join("keyhook-dev/plugins/libx.so")).unwrap();
    server.wait_for("customize-response");
}

#[test]
fn dev_shows_what_is_wrong_with_the_file_and_does_not_start() {
    for (text, code) in
        [("[tokens]\nacces_ttl = \"7m\"\n", "KH1004"), ("[server]\nlisen = [\":443\"]\n", "KH1004"), ("[tokens\n", "KH1002")]
    {
        let scratch = Scratch::new("dev-wrong");
        scratch.write("keyhook.toml", text);
        let output = run(scratch.path(), &["dev"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(code) && said.contains("keyhook.toml:") && said.contains('^'), "{said}");
        assert!(!scratch.join("keyhook-dev").exists(), "nothing is left behind");
    }
}

#[test]
fn an_edit_of_the_file_is_followed_and_a_wrong_one_changes_nothing() {
    let scratch = Scratch::new("dev-edit");
    let server = Server::dev(scratch.path(), &[]);
    assert_ne!(lifetime(scratch.path()), 420);
    scratch.write("keyhook.toml", "[tokens]\naccess_ttl = \"7m\"\n");
    server.wait_until("the file that came is read", || lifetime(scratch.path()) == 420);
    scratch.write("keyhook.toml", "[tokens]\nacces_ttl = \"8m\"\n");
    server.wait_for(r#""event":"not_reloaded""#);
    assert_eq!(lifetime(scratch.path()), 420);
    let page = server.client().get("/").text();
    assert!(page.contains("The last reload was refused") && page.contains("did you mean `access_ttl`?"), "{page}");
    let status = json(scratch.path(), &["status"]);
    assert_eq!(status["refused_reload"]["code"], "KH1004", "{status}");
    assert!(stdout(scratch.path(), &["plugin", "list"]).contains("the last reload was refused"));
    scratch.write("keyhook.toml", "[tokens]\naccess_ttl = \"8m\"\n");
    server.wait_until("the mended file is read", || lifetime(scratch.path()) == 480);
    assert!(!server.client().get("/").text().contains("refused"));
    assert_eq!(json(scratch.path(), &["status"])["refused_reload"], Value::Null);
}

#[test]
fn a_command_means_the_server_that_runs_here_whatever_the_file_says() {
    let scratch = Scratch::new("dev-beside");
    scratch.write("keyhook.toml", "[tokens]\naccess_ttl = \"7m\"\n");
    let _server = Server::dev(scratch.path(), &[]);
    assert_eq!(json(scratch.path(), &["status"])["mode"], "dev");
    stdout(scratch.path(), &["client", "add", "shop", "--redirect-uri", "https://shop.example/cb"]);
    for arguments in [&["client", "list"][..], &["plugin", "list"], &["reload"], &["try", "code"]] {
        stdout(scratch.path(), arguments);
    }
    scratch.write("keyhook.toml", "[tokens\n");
    assert_eq!(json(scratch.path(), &["status"])["mode"], "dev", "also when the file is broken");
}

#[test]
fn a_reload_tells_what_it_left_out() {
    let scratch = Scratch::new("dev-order");
    let server = Server::dev(scratch.path(), &[]);
    std::fs::copy(libraries::rust("customize-response"), scratch.join("keyhook-dev/plugins/libx.so")).unwrap();
    server.wait_for(r#""event":"loaded""#);
    scratch.write("keyhook.toml", "[hooks]\naccess_token_respons = [\"customize-response\"]\n");
    let answer = json(scratch.path(), &["reload"]);
    let refused = answer["refused"][0].as_str().unwrap();
    assert!(refused.contains("KH0520") && refused.contains("access_token_respons"), "{answer}");
    assert!(!answer["outcome"].as_str().unwrap().eq("reloaded"), "{answer}");
}

#[test]
fn what_needs_a_restart_is_told_until_it_is_taken_back() {
    let scratch = Scratch::new("dev-restart");
    let _server = Server::dev(scratch.path(), &[]);
    let needs = || json(scratch.path(), &["reload"])["needs_restart"].clone();
    scratch.write("keyhook.toml", "[log]\nlevel = \"debug\"\n");
    assert_eq!((needs(), needs()), (serde_json::json!(["log.level"]), serde_json::json!(["log.level"])));
    scratch.write("keyhook.toml", "");
    assert_eq!(needs(), serde_json::json!([]));
}

#[test]
fn a_server_tells_why_it_did_not_reload_also_when_its_file_cannot_be_read_any_more() {
    let production = Production::new("stale", "");
    let server = production.serve();
    let file = production.path().join("keyhook.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{right}\n[tokens]\nacces_ttl = \"15m\"\n")).unwrap();
    server.signal("HUP");
    server.wait_until("the refusal is told", || {
        let status: Value = serde_json::from_slice(&run(production.path(), &["status", "--format", "json"]).stdout).unwrap_or_default();
        status["refused_reload"]["code"] == "KH1004"
    });
    std::fs::write(&file, format!("{right}\n[tokens\n")).unwrap();
    assert!(run(production.path(), &["status"]).status.success(), "also when the file is not even TOML");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_server_that_cannot_start_leaves_no_folder_behind() {
    let scratch = Scratch::new("dev-taken");
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(scratch.path(), &["dev", "--port", &port]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!scratch.join("keyhook-dev").exists());
}

#[test]
fn a_word_is_explained_by_the_codes_that_speak_of_it() {
    let scratch = Scratch::new("explain-word");
    let output = run(scratch.path(), &["explain", "priority"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(4) && said.contains("KH0520") && !said.contains("KH0101"), "{said}");
}
