//! The server that foreign clients talk to, and their programs, which end with `ok`.

use std::path::{Path, PathBuf};
use std::process::Command;

use keyhook_tests::binary::{self, Server};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::libraries::workspace;
use keyhook_tests::scratch::Scratch;

use super::REDIRECT_URI;

/// A server in dev mode with one confidential client, `foreign`, and one public, `foreign-public`.
pub(super) struct Registered {
    pub(super) server: Server,
    _scratch: Scratch,
    pub(super) secret: String,
}

impl Registered {
    /// A server as it comes.
    pub(super) fn usual() -> Registered {
        Registered::with("", &["authorization_code", "refresh_token", "client_credentials"])
    }

    /// A server with a configuration; `foreign` may use these grants.
    pub(super) fn with(config: &str, grants: &[&str]) -> Registered {
        let scratch = Scratch::new("interop");
        if !config.is_empty() {
            std::fs::write(scratch.join("keyhook.toml"), config).unwrap();
        }
        let server = Server::dev(scratch.path(), &[]);
        let mut add = vec!["client", "add", "foreign", "--redirect-uri", REDIRECT_URI, "--scope", "read write", "--format", "json"];
        add.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
        let added: serde_json::Value = serde_json::from_str(&binary::stdout(scratch.path(), &add)).unwrap();
        let secret = added["client_secret"].as_str().unwrap().to_owned();
        binary::stdout(scratch.path(), &["client", "add", "foreign-public", "--public", "--redirect-uri", REDIRECT_URI, "--scope", "read"]);
        Registered { server, _scratch: scratch, secret }
    }

    /// Its issuer.
    pub(super) fn base(&self) -> String {
        format!("http://localhost:{}", self.server.port)
    }
}

/// One client of one language has done what its test says.
pub(super) fn completed(client: &str) {
    record(&Figure {
        id: "F19",
        what: client,
        measured: &[("clients", 1.into()), ("flows that failed", 0.into())],
        accumulates: false,
        command: "./runtests.sh interop",
        covers_not: "other versions of the library",
    });
}

/// Where the task runner installed the clients.
pub(super) fn tools() -> PathBuf {
    #[allow(clippy::disallowed_methods, reason = "the task runner says where it installed the clients")]
    std::env::var_os("KEYHOOK_TEST_TOOLS").map_or_else(|| workspace().join("target/tools"), Into::into)
}

/// Python, and a program of ours for it.
pub(super) fn python(script: &str) -> (Command, PathBuf) {
    (Command::new(tools().join("python/bin/python")), workspace().join("tests/interop/python").join(script))
}

/// Runs a program, in Python or Node by its name, as a client; `more` is what it is told besides.
pub(super) fn drive(registered: &Registered, script: &str, client: &str, more: &[&str]) {
    let (mut command, script) = if Path::new(script).extension().is_some_and(|kind| kind == "mjs") {
        // Node looks for its modules beside the script.
        let folder = tools().join("node");
        for name in ["person.mjs", script] {
            std::fs::copy(workspace().join("tests/interop/node").join(name), folder.join(name)).unwrap();
        }
        (Command::new("node"), folder.join(script))
    } else {
        python(script)
    };
    command.arg(script).args([&registered.base(), client, &registered.secret, REDIRECT_URI]).args(more);
    let output = command.output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim().ends_with("ok"), "{out}\n{error}\n{}", registered.server.log());
}
