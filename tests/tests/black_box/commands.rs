//! The command line beside a server: clients, users, plugins, `try`, and exit codes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyhook_tests::binary::{self, Server, free_port, run, stdout};
use keyhook_tests::http::basic;
use keyhook_tests::libraries;
use keyhook_tests::scratch::Scratch;
use serde_json::Value;

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&stdout(folder, &all)).unwrap()
}

/// Runs a command that has to fail: its exit code and what it says.
fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(binary::path());
    let mut child =
        command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What holds of clients and users whether a server runs or not.
fn manage(folder: &Path) {
    let added = json(folder, &["client", "add", "shop", "--redirect-uri", "https://shop.example/cb", "--scope", "read write"]);
    assert_eq!((added["client_id"].as_str(), added["kind"].as_str()), (Some("shop"), Some("confidential")));
    assert!(added["client_secret"].as_str().unwrap().starts_with("khx_"));
    assert_eq!(added["grant_types"], serde_json::json!(["authorization_code", "refresh_token"]));
    assert_eq!(added["default_scope"], "read write", "what it may have it gets without asking");
    let none = json(folder, &["client", "add", "careful", "--scope", "read", "--default-scope", ""]);
    assert_eq!((none["scope"].as_str(), none["default_scope"].as_str()), (Some("read"), Some("")));
    let narrowed = json(folder, &["client", "update", "shop", "--scope", "read"]);
    assert_eq!(narrowed["default_scope"], "read");
    for arguments in
        [&["client", "add", "slip", "--grant", "client_credential"][..], &["client", "update", "shop", "--add-grant", "passwrd"]]
    {
        let (code, said) = refused(folder, arguments);
        assert!(code == 2 && said.contains("KH0303") && said.contains("client_credentials"), "{said}");
    }
    assert_eq!(refused(folder, &["client", "show", "slip"]).0, 4, "nothing was registered");
    let public = json(folder, &["client", "add", "spa", "--public", "--redirect-uri", "https://spa.example/"]);
    assert_eq!((public["auth_method"].as_str(), &public["client_secret"]), (Some("none"), &Value::Null));
    let shown = json(folder, &["client", "show", "shop"]);
    assert_eq!(shown["client_secret"], Value::Null, "a secret is shown once");
    assert!(!shown.to_string().contains("sha256") && shown["secrets"] == 1, "not even its hash: {shown}");

    let updated = json(folder, &["client", "update", "shop", "--add-redirect-uri", "https://shop.example/cb/"]);
    assert_eq!(updated["redirect_uris"].as_array().unwrap().len(), 2);
    assert_eq!((&updated["scope"], &updated["name"]), (&shown["scope"], &shown["name"]), "only what is given changes");
    let rotated = json(folder, &["client", "secret", "rotate", "shop"]);
    assert_ne!(rotated["client_secret"], added["client_secret"]);
    assert_eq!(refused(folder, &["client", "add", "shop"]).0, 1);
    let listed: Vec<String> = stdout(folder, &["client", "list", "-q"]).lines().map(str::to_owned).collect();
    assert!(listed.contains(&"shop".to_owned()) && listed.contains(&"spa".to_owned()));
    stdout(folder, &["client", "remove", "spa"]);
    assert_eq!(refused(folder, &["client", "show", "spa"]).0, 4);

    let user = with_input(folder, &["user", "add", "alice", "--password-stdin"], "correct battery staple\n");
    assert!(user.status.success(), "{}", String::from_utf8_lossy(&user.stderr));
    assert!(!String::from_utf8_lossy(&user.stdout).contains("battery"));
    assert!(stdout(folder, &["user", "list", "-q"]).contains("alice"));
    let again = with_input(folder, &["user", "passwd", "alice", "--password-stdin"], "another long password\n");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let (code, said) = refused(folder, &["user", "add", "bob"]);
    assert_eq!(code, 2, "nobody can be asked: {said}");
    assert!(said.contains("--password-stdin"), "{said}");
    stdout(folder, &["user", "remove", "alice"]);
    assert_eq!(refused(folder, &["user", "remove", "alice"]).0, 4);
}

#[test]
fn clients_and_users_are_managed_through_a_running_server() {
    let scratch = Scratch::new("manage-online");
    let server = Server::dev(scratch.path(), &[]);
    manage(scratch.path());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn clients_and_users_are_managed_when_no_server_runs() {
    let scratch = Scratch::new("manage-offline");
    assert_eq!(Server::dev(scratch.path(), &[]).stop(), Some(0));
    manage(scratch.path());
}

#[test]
fn a_removed_client_has_no_token_any_more() {
    let scratch = Scratch::new("removed");
    let server = Server::dev(scratch.path(), &[]);
    let add = |id: &str, more: &[&str]| {
        let arguments: Vec<&str> = ["client", "add", id].into_iter().chain(more.iter().copied()).collect();
        json(scratch.path(), &arguments)["client_secret"].as_str().unwrap().to_owned()
    };
    let (robot, api) = (add("robot", &["--scope", "read"]), add("api", &["--introspect"]));
    let mut client = server.client();
    let credentials = basic("robot", &robot);
    let answer = client.post_with("/token", &[("authorization", &credentials)], &[("grant_type", "client_credentials")]);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let mut active = || {
        let credentials = basic("api", &api);
        client.post_with("/introspect", &[("authorization", &credentials)], &[("token", &token)]).json()["active"].clone()
    };
    assert_eq!(active(), true);
    stdout(scratch.path(), &["client", "remove", "robot"]);
    assert_eq!(active(), false);
    add("robot", &["--scope", "read"]);
    assert_eq!(active(), false, "a later client of the same name inherits nothing");
}

#[test]
fn try_walks_the_flows_and_hides_secrets() {
    let scratch = Scratch::new("try");
    let _server = Server::dev(scratch.path(), &[]);
    let walked = stdout(scratch.path(), &["try", "code"]);
    for part in
        ["→ GET /authorize", "page: Sign in", "page: Allow Playground?", "→ POST /token", "\"access_token\": \"kha_", "keyhook plugin new"]
    {
        assert!(walked.contains(part), "{part} in {walked}");
    }
    assert!(!walked.contains("correct-horse"), "{walked}");
    let masked = json(scratch.path(), &["try", "client-credentials"]);
    let shown = json(scratch.path(), &["try", "client-credentials", "--show"]);
    assert!(masked["access_token"].as_str().unwrap().len() < 16 && shown["access_token"].as_str().unwrap().len() > 60);
    assert!(json(scratch.path(), &["try", "refresh"])["refresh_token"].is_string());
    let (code, said) = refused(scratch.path(), &["try", "client-credentials", "--scope", "admin"]);
    assert_eq!(code, 1);
    assert!(said.contains("KH0321") && said.contains("invalid_scope") && said.contains("keyhook explain KH"), "{said}");
    let (code, said) = refused(scratch.path(), &["try", "code", "--user", "mallory"]);
    assert!(code == 2 && said.contains("KH0324") && said.contains("--password-stdin"), "{said}");
    let wrong = with_input(scratch.path(), &["try", "code", "--user", "demo", "--password-stdin"], "wrong\n");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(said.contains("the built-in login turns `demo` away"), "{said}");
    assert!(stdout(scratch.path(), &["try", "code", "--user", "demo"]).contains("access_token"));
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let scratch = Scratch::new("exits");
    let code = |arguments: &[&str]| refused(scratch.path(), arguments).0;
    assert_eq!(code(&["status"]), 7, "no server");
    assert_eq!(code(&["reload"]), 7);
    assert_eq!(code(&["try", "code"]), 7);
    assert_eq!(code(&["client", "frobnicate"]), 2);
    assert_eq!(code(&["plugin", "new", "Not-A-Name"]), 2);
    assert_eq!(code(&["explain", "KH9999"]), 4);
    assert_eq!(code(&["plugin", "check", "nowhere.so"]), 3);
    scratch.write("keyhook.toml", "[server]\nissuer = 7\n");
    assert_eq!(code(&["check"]), 3);
}

#[test]
fn reload_and_status_reach_the_running_server() {
    let scratch = Scratch::new("reload");
    let server = Server::dev(scratch.path(), &[]);
    let before = json(scratch.path(), &["status"]);
    assert_eq!((before["mode"].as_str(), before["generation"].as_u64()), (Some("dev"), Some(1)));
    assert_eq!(before["issuer"], format!("http://localhost:{}", server.port));
    stdout(scratch.path(), &["reload"]);
    assert_eq!(json(scratch.path(), &["status"])["generation"], 2);
}

/// A production deployment in a folder.
fn production(scratch: &Scratch) -> u16 {
    let port = free_port();
    stdout(scratch.path(), &["key", "generate", "master.key"]);
    scratch.write("plugins/.keep", "");
    let config = format!(
        "[server]\nissuer = \"http://localhost:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\ntls = \"off\"\ndata = \"data\"\n\
         [management]\nlisten = \"127.0.0.1:{}\"\n[keys]\nmaster_file = \"master.key\"\n[plugins]\ndirectories = [\"plugins\"]\n",
        free_port()
    );
    scratch.write("keyhook.toml", config);
    stdout(scratch.path(), &["check"]);
    port
}

#[test]
fn serve_runs_what_was_approved_and_nothing_else() {
    let scratch = Scratch::new("approve");
    let port = production(&scratch);
    std::fs::copy(libraries::rust("customize-response"), scratch.join("plugins/libcustomize_response.so")).unwrap();
    let checked = stdout(scratch.path(), &["plugin", "check", "plugins/libcustomize_response.so"]);
    assert!(
        checked.contains("✓ customize-response") && checked.contains("access_token_response") && checked.contains("sha256"),
        "{checked}"
    );
    assert!(stdout(scratch.path(), &["plugin", "list"]).contains("KH0516"), "not approved yet");

    let said = stdout(scratch.path(), &["plugin", "approve", "customize-response"]);
    assert!(said.contains("new") && said.contains("plugins.lock"), "{said}");
    let again = stdout(scratch.path(), &["plugin", "approve", "--all"]);
    assert!(again.contains("approved already"), "{again}");
    assert!(stdout(scratch.path(), &["plugin", "list"]).contains("✓ customize-response"));
    let serve = ["serve".to_owned()];
    let server = Server::start(scratch.path(), &serve, port);
    let plugins = json(scratch.path(), &["plugin", "list"]);
    assert_eq!((plugins[0]["status"].as_str(), plugins[0]["calls"].as_u64()), (Some("serves"), Some(0)));
    assert_eq!(server.stop(), Some(0));

    std::fs::copy(libraries::rust("hello-handler"), scratch.join("plugins/libcustomize_response.so")).unwrap();
    assert_eq!(refused(scratch.path(), &["serve"]).0, 6, "a library that changed since keeps the server from starting");
    stdout(scratch.path(), &["plugin", "revoke", "customize-response"]);
    assert_eq!(refused(scratch.path(), &["plugin", "revoke", "customize-response"]).0, 4);
    assert_eq!(refused(scratch.path(), &["plugin", "approve", "nobody"]).0, 4);
}

#[test]
fn plugin_check_refuses_what_serve_would_refuse() {
    let scratch = Scratch::new("check-plugin");
    scratch.write("text.so", "no library");
    let (code, said) = refused(scratch.path(), &["plugin", "check", "text.so"]);
    assert_eq!(code, 3);
    assert!(said.contains("KH0505") && said.contains("help"), "{said}");
    let (code, said) = refused(scratch.path(), &["plugin", "approve", "text.so", "--lock", "plugins.lock"]);
    assert_eq!((code, scratch.join("plugins.lock").exists()), (3, false), "{said}");
}
