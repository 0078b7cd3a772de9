//! keyhook as an operator runs it: `keyhook serve` on a folder of its own, with a confidential client `bench` and a user `alice`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::certificate::Certificate;
use super::refill::{self, Fill, Filled};
use super::{Folder, Process, process::free_port};
use crate::client::script::{Fixed, Head};
use crate::client::signed::{Signing, To};
use crate::client::{Address, Crew, Script, Step, Trust};
use crate::flow::{Client, Site};

const REDIRECT_URI: &str = "https://shop.test/cb";
const PASSWORD: &str = "open sesame";

/// What is special about a server.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// With TLS.
    pub(crate) certificate: Option<&'a Certificate>,
    /// Libraries that are approved and loaded.
    pub(crate) plugins: Vec<PathBuf>,
    /// Further configuration.
    pub(crate) more: &'a str,
    /// What the database holds before the start.
    pub(crate) fill: Option<Fill>,
    /// Keeps what the server writes to standard error; else it goes to `/dev/null`.
    pub(crate) keeps_log: bool,
}

/// Tokens in memory: nothing of a token request reaches the disk.
pub(crate) const NOTHING_DURABLE: &str = "[store]\ngrants = \"memory:\"\nshort = \"memory:\"\n";

/// A running server.
pub(crate) struct Keyhook {
    /// The process.
    pub(crate) process: Process,
    folder: Folder,
    trust: Option<Trust>,
    host: String,
    basic: String,
    /// Tokens and clients that were in the database before.
    pub(crate) filled: Filled,
}

impl Keyhook {
    /// Prepares a folder below `below`, starts the server in it and registers client and user.
    pub(crate) fn start(below: &Path, setup: &Setup<'_>) -> Keyhook {
        let prepared = Prepared::new(below, setup);
        let process = prepared.serve();
        prepared.with_client(process)
    }

    /// How clients reach it.
    pub(crate) fn address(&self) -> Address {
        Address { socket: self.process.address(), trust: self.trust.clone() }
    }

    /// What it has written to standard error, if that is kept.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The beginning of a POST of the client `bench`.
    pub(crate) fn head<'a>(&'a self, path: &'a str) -> Head<'a> {
        Head { method: "POST", path, host: &self.host, authorization: Some(&self.basic) }
    }

    /// A token request.
    pub(crate) fn token(&self) -> Fixed {
        Fixed::new(&self.head("/token"), TOKEN_FORM, TOKEN_EXPECTED)
    }

    /// A request of the metadata document.
    pub(crate) fn metadata(&self) -> Fixed {
        let head = Head { method: "GET", authorization: None, ..self.head("/.well-known/oauth-authorization-server") };
        Fixed::new(&head, "", b"issuer")
    }

    /// Fresh access tokens.
    pub(crate) fn fresh_tokens(&self, count: usize) -> Vec<String> {
        collected(&self.address(), self.token(), count)
    }

    /// Introspection requests for tokens.
    pub(crate) fn introspections(&self, tokens: &[String]) -> Arc<[Vec<u8>]> {
        let head = self.head("/introspect");
        tokens.iter().map(|token| head.with_form(&format!("token={token}"))).collect()
    }

    /// Adds a client of OAuth 1.0a; gives its secret.
    pub(crate) fn consumer(&self) -> String {
        let add = ["client", "add", CONSUMER, "--oauth1", "--format", "json"];
        let added: serde_json::Value = serde_json::from_str(&command(&self.folder, &add)).unwrap();
        added["oauth1_secret"].as_str().unwrap().to_owned()
    }

    /// How the client `bench` hands over what that one signs.
    pub(crate) fn handing_over(&self, secret: &str) -> Arc<Signing> {
        Signing::new(To::Server(self.head("/introspect").text()), CONSUMER, secret)
    }

    /// Ends it; its folder, with all that is in it.
    pub(crate) fn into_folder(self) -> Folder {
        let Keyhook { process, folder, .. } = self;
        drop(process);
        folder
    }

    /// Requests of each of the clients with which the database was filled: introspection of something that is no token, for which
    /// nothing but the client is looked up; or tokens.
    pub(crate) fn requests_of_clients(&self, count: usize, path: &str, form: &str) -> Arc<[Vec<u8>]> {
        let secret = self.filled.secret.as_deref().unwrap_or_default();
        let request = |number| {
            let authorization = basic(&format!("bench-{number}"), secret);
            Head { authorization: Some(&authorization), ..self.head(path) }.with_form(form)
        };
        (1..count).map(request).collect()
    }

    /// What a client of the code flow has to know.
    pub(crate) fn site(&self) -> Arc<Site> {
        Arc::new(Site {
            host: self.host.clone(),
            authorize: "/authorize".to_owned(),
            token: "/token".to_owned(),
            client: Client {
                id: "bench".to_owned(),
                basic: self.basic.clone(),
                redirect_uri: REDIRECT_URI.to_owned(),
                scope: "read".to_owned(),
            },
            user: "alice".to_owned(),
            password: PASSWORD.to_owned(),
        })
    }
}

/// The client of OAuth 1.0a.
pub(crate) const CONSUMER: &str = "printer";

/// The form of a token request.
pub(crate) const TOKEN_FORM: &str = "grant_type=client_credentials&scope=read";
/// What its answer has in it.
pub(crate) const TOKEN_EXPECTED: &[u8] = b"\"access_token\"";

/// What the answer to an introspection of a live token has in it (RFC 7662 §2.2).
pub(crate) const ACTIVE: &[u8] = b"\"active\":true";

/// A folder with everything that a server needs to start.
pub(crate) struct Prepared {
    folder: Folder,
    port: u16,
    trust: Option<Trust>,
    keeps_log: bool,
    filled: Filled,
}

impl Prepared {
    /// Writes configuration and key, fills the database, approves the plugins.
    pub(crate) fn new(below: &Path, setup: &Setup<'_>) -> Prepared {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let (folder, port) = (Folder::new(below), free_port());
        let mut key = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("master.key")).unwrap();
        key.write_all("0123456789abcdef".repeat(4).as_bytes()).unwrap();
        for name in ["data", "plugins"] {
            std::fs::DirBuilder::new().mode(0o700).create(folder.join(name)).unwrap();
        }
        std::fs::write(folder.join("keyhook.toml"), configuration(port, setup)).unwrap();
        let filled = setup.fill.as_ref().map(|fill| refill::fill(&folder.join("data"), fill)).unwrap_or_default();
        for library in &setup.plugins {
            std::fs::copy(library, folder.join("plugins").join(library.file_name().unwrap())).unwrap();
        }
        let trust = setup.certificate.map(|certificate| Trust::only(&certificate.chain()));
        let prepared = Prepared { folder, port, trust, keeps_log: setup.keeps_log, filled };
        if !setup.plugins.is_empty() {
            prepared.command(&["plugin", "approve", "--all"]);
        }
        prepared
    }

    /// Starts the server.
    pub(crate) fn serve(&self) -> Process {
        Process::start(&binary(), self.port, self.trust.as_ref(), |command| {
            command.arg("serve").current_dir(self.folder.path());
            if self.keeps_log {
                command.stderr(std::fs::File::create(self.folder.join("log")).unwrap());
            }
        })
    }

    /// Registers client and user at the running server; a database that was filled has the client.
    fn with_client(self, process: Process) -> Keyhook {
        let secret = self.filled.secret.clone().unwrap_or_else(|| {
            let grants = ["client_credentials", "authorization_code", "refresh_token"].map(|grant| ["--grant", grant]).concat();
            let add = ["client", "add", "bench", "--redirect-uri", REDIRECT_URI, "--scope", "read", "--introspect", "--format", "json"];
            let added: serde_json::Value = serde_json::from_str(&self.command(&[&add[..], &grants].concat())).unwrap();
            self.add_user();
            added["client_secret"].as_str().unwrap().to_owned()
        });
        let host = format!("localhost:{}", self.port);
        Keyhook { process, folder: self.folder, trust: self.trust, host, basic: basic("bench", &secret), filled: self.filled }
    }

    fn add_user(&self) {
        let mut command = Command::new(binary());
        command.args(["user", "add", "alice", "--password-stdin"]).current_dir(self.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "the user could not be added");
    }

    fn command(&self, arguments: &[&str]) -> String {
        command(&self.folder, arguments)
    }
}

/// The output of a command that has to succeed.
fn command(folder: &Folder, arguments: &[&str]) -> String {
    let output = Command::new(binary()).args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "keyhook {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn configuration(port: u16, setup: &Setup<'_>) -> String {
    let (scheme, tls) = match setup.certificate {
        Some(certificate) => {
            ("https", format!("{{ cert = \"{}\", key = \"{}\" }}", certificate.chain().display(), certificate.key().display()))
        }
        None => ("http", "\"off\"".to_owned()),
    };
    let mut text =
        format!("[server]\nissuer = \"{scheme}://localhost:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\ntls = {tls}\ndata = \"data\"\n");
    text += "[management]\nlisten = \"off\"\n[keys]\nmaster_file = \"master.key\"\n[plugins]\ndirectories = [\"plugins\"]\n";
    // Every browser of the code flow signs in as the same user, from the same address, at once.
    text += "[login.attempts]\nper_user = 1000000\nper_address = 1000000\n";
    text + setup.more
}

/// The binary under test: `KEYHOOK_BIN`, or the one beside this program.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("KEYHOOK_BIN").map_or_else(|| std::env::current_exe().unwrap().with_file_name("keyhook"), PathBuf::from)
}

/// The value of a `Basic` authorization header for an id and a secret that need no encoding (RFC 6749 §2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{id}:{secret}");
    let encoded = text.as_bytes().chunks(3).flat_map(|chunk| {
        let word = chunk.iter().enumerate().fold(0u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
        let length = chunk.len();
        (0..4).map(move |index| if index <= length { char::from(ALPHABET[(word >> (18 - 6 * index)) as usize & 63]) } else { '=' })
    });
    format!("Basic {}", encoded.collect::<String>())
}

/// The tokens that so many token requests give.
pub(crate) fn collected(address: &Address, script: Fixed, count: usize) -> Vec<String> {
    let (sent, received) = std::sync::mpsc::channel();
    Crew::connect(address, [Box::new(Collect { script, sent }) as Box<dyn Script>]).complete(count);
    received.try_iter().collect()
}

/// A token request whose token is kept.
struct Collect {
    script: Fixed,
    sent: std::sync::mpsc::Sender<String>,
}

impl Script for Collect {
    fn request(&mut self, to: &mut Vec<u8>) {
        self.script.request(to);
    }

    fn answer(&mut self, answer: &crate::client::Answer<'_>) -> Step {
        if let Some(token) = answer.member("access_token") {
            let _ = self.sent.send(token.to_owned());
        }
        self.script.answer(answer)
    }
}
