//! What an operator says to the server, right and wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use keyhook_tests::binary;
use keyhook_tests::http::basic;
use keyhook_tests::pair::ALICE;

use super::Run;

/// The operator's commands, and the socket behind them.
pub(super) fn administer(run: &mut Run) {
    let folder = run.pair.production.path().to_owned();
    let rotated =
        binary::stdout(&folder, &["client", "add", "other", "--grant", "client_credentials", "--scope", "read", "--format", "json"]);
    let rotated: serde_json::Value = serde_json::from_str(&rotated).unwrap();
    let secret = rotated["client_secret"].as_str().unwrap().to_owned();
    run.canaries.plant("second client's secret", &secret);
    let mut client = run.pair.browser();
    let token = client.post_with("/token", &[("authorization", &basic("other", &secret))], &[("grant_type", "client_credentials")]);
    run.canaries.plant("second client's access token", token.json()["access_token"].as_str().unwrap());
    passwd(run, "canary-of-a-new-password");
    for command in [
        &["status"][..],
        &["client", "list"],
        &["client", "show", "other"],
        &["user", "list"],
        &["plugin", "list"],
        &["plugin", "show", "misbehaving"],
        &["check"],
        &["config", "show", "--origin"],
        &["client", "remove", "other"],
        &["reload"],
        &["client", "show", "canary-nobody"],
    ] {
        for format in ["table", "json"] {
            let output = binary::run(&folder, &[command, &["--format", format]].concat());
            run.look_at(&command.join(" "), &output.stdout);
            run.look_at(&command.join(" "), &output.stderr);
        }
    }
    ask_the_socket(run);
}

fn passwd(run: &mut Run, password: &str) {
    run.canaries.plant("new password", password);
    for (name, password) in [(ALICE.username, password), (ALICE.username, ALICE.password), ("nobody", password)] {
        let mut command = Command::new(binary::path());
        command.args(["user", "passwd", name, "--password-stdin"]).current_dir(run.pair.production.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        run.look_at("user passwd", &[output.stdout, output.stderr].concat());
    }
}

/// Lines that the socket understands, and lines that it does not.
fn ask_the_socket(run: &mut Run) {
    run.canaries.plant("secret that the socket was told", "canary-of-the-socket");
    let path = run.pair.production.path().join("data/admin.sock");
    for line in [
        r#"{"command":"status"}"#,
        r#"{"command":"client.list"}"#,
        r#"{"command":"user.list"}"#,
        r#"{"command":"plugin.list"}"#,
        r#"{"command":"user.add","name":"carol","password":"canary-of-the-socket"}"#,
        r#"{"command":"user.add","name":"carol","password":"canary-of-the-socket"}"#,
        r#"{"command":"user.passwd","name":"nobody","password":"canary-of-the-socket"}"#,
        r#"{"command":"user.add","name":"carol","pass":"canary-of-the-socket"}"#,
        r#"{"command":"user.remove","name":"carol"}"#,
    ] {
        let answer = say(&path, line);
        run.look_at("the admin socket", answer.as_bytes());
    }
    // Whoever says what is no command may hear it again; nobody else may read it.
    for line in [r#"{"command":"canary-of-the-socket"}"#, r#"{"command":"user.disable","name":"carol","disabled":"canary-of-the-socket"}"#]
    {
        assert!(say(&path, line).contains("KH0160"));
    }
}

fn say(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    writeln!(stream, "{line}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert!(!answer.is_empty(), "{line}");
    answer
}
