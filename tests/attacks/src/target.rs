//! A running server under attack, its clients and users, and everything about it that is watched.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyhook_tests::binary::{self, Server, free_port};
use keyhook_tests::flow::{self, Ask, Person, Pkce};
use keyhook_tests::http::{Client, basic};
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;
use keyhook_tests::signing::Consumer;

use crate::check::canaries::Canaries;
use crate::check::log::Log;
use crate::check::rows::Store;
use crate::check::universal::Facts;
use crate::registered::CLIENTS;
use crate::wire::Line;

pub use crate::registered::{ALICE, CAROL, EXCHANGE, LAX_URI, MALLORY, NATIVE_URI, OTHER_URI, PRINTER_URI, RSA_KEY, SHOP_URI, SPA_URI};

/// What its folder is; removed with it.
enum Home {
    Production(Production),
    Dev(Scratch),
}

/// A running server.
pub struct Target {
    /// `production` or `dev`.
    pub name: &'static str,
    /// The process.
    pub server: Server,
    /// What is known of it.
    pub facts: Facts,
    /// The kept connection.
    pub line: Line,
    /// What it wrote.
    pub log: Log,
    /// The secrets that nobody may write down.
    pub canaries: Canaries,
    /// Its database.
    pub store: Store,
    /// The port of its management listener, 0 if it has none.
    pub management: u16,
    /// The secrets of its clients.
    secrets: BTreeMap<&'static str, String>,
    /// What they sign with (RFC 5849 §3.4.2).
    shared: BTreeMap<String, String>,
    browsers: BTreeMap<&'static str, Client>,
    home: Home,
}

impl Target {
    /// `keyhook serve`.
    pub fn production() -> Target {
        let management = free_port();
        let more = "[login.attempts]\nper_address = 1000000\nper_user = 10\n[log]\nlevel = \"trace\"\n[oauth1]\nenabled = true\n";
        let home = Production::new("attack", more);
        std::fs::write(home.path().join("management.toml"), format!("[management]\nlisten = \"127.0.0.1:{management}\"\n")).unwrap();
        let server = serve(&home);
        let mut target = Target::over("production", server, Home::Production(home), "data/keyhook.db");
        target.management = management;
        target
    }

    /// `keyhook dev`.
    pub fn dev() -> Target {
        let home = Scratch::new("attack-dev");
        home.write("keyhook.toml", "[login.attempts]\nper_address = 1000000\nper_user = 10\n[oauth1]\nenabled = true\n");
        let server = Server::dev(home.path(), &[]);
        Target::over("dev", server, Home::Dev(home), "keyhook-dev/data/keyhook.db")
    }

    fn over(name: &'static str, server: Server, home: Home, database: &str) -> Target {
        let folder = folder_of(&home).to_path_buf();
        let port = server.port;
        let mut canaries = Canaries::default();
        canaries.phrase("master key", &"0123456789abcdef".repeat(4));
        let facts = Facts {
            issuer: format!("http://localhost:{port}"),
            // Over plain http it cannot be `__Host-`, and says so.
            cookie: format!("keyhook-dev-{port}"),
            folder: folder.display().to_string(),
            shows_base_strings: name == "dev",
            ..Facts::default()
        };
        let line = Line::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let store = Store::open(&folder.join(database)).unwrap();
        let (secrets, shared, browsers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (log, management) = (Log::default(), 0);
        let mut target = Target { name, server, facts, line, log, canaries, store, management, secrets, shared, browsers, home };
        std::fs::write(target.folder().join("rsa.pem"), RSA_KEY).unwrap();
        target.populate();
        target
    }

    fn populate(&mut self) {
        for (id, flags) in CLIENTS {
            let secret = self.add_client(id, flags);
            self.secrets.insert(id, secret);
        }
        for person in [ALICE, MALLORY, CAROL] {
            self.add_user(person.username, person.password);
        }
        for person in [ALICE, MALLORY] {
            let mut browser = self.anybody();
            for (client, uri) in [("shop", SHOP_URI), ("lax", LAX_URI), ("other", OTHER_URI), ("limited", "https://limited.test/cb")] {
                let scope = if client == "shop" || client == "lax" { "read write" } else { "read" };
                self.code_of(&mut browser, client, uri, scope, person);
            }
            self.browsers.insert(person.username, browser);
        }
    }

    /// Registers a client; gives its secret, empty if it has none.
    pub fn add_client(&mut self, id: &str, flags: &[&str]) -> String {
        let mut arguments = vec!["client", "add", id, "--format", "json"];
        arguments.extend_from_slice(flags);
        let added: serde_json::Value = serde_json::from_str(&self.command(&arguments)).unwrap();
        for uri in added["redirect_uris"].as_array().into_iter().flatten().filter_map(|uri| uri.as_str()) {
            let loopback = uri.strip_prefix("http://127.0.0.1").map(|_| "http://127.0.0.1".to_owned());
            self.facts.registered.push(loopback.unwrap_or_else(|| uri.to_owned()));
        }
        let [secret, shared] = ["client_secret", "oauth1_secret"].map(|name| added[name].as_str().unwrap_or_default().to_owned());
        for (name, secret) in [("client secret", &secret), ("shared secret", &shared)] {
            if !secret.is_empty() {
                self.canaries.phrase(name, secret);
                self.facts.unspeakable.push(secret.clone());
            }
        }
        self.shared.insert(id.to_owned(), shared);
        secret
    }

    /// A client as it signs for itself (RFC 5849 §3).
    pub fn consumer(&self, client: &str) -> Consumer {
        let secret = self.shared.get(client).cloned().unwrap_or_default();
        Consumer { id: client.to_owned(), secret, token: <_>::default() }
    }

    /// Adds a user of the built-in login.
    pub fn add_user(&mut self, name: &str, password: &str) {
        self.canaries.phrase("password", password);
        self.facts.unspeakable.push(password.to_owned());
        let mut child = Command::new(binary::path())
            .args(["user", "add", name, "--password-stdin"])
            .current_dir(self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// The output of a command that succeeds.
    pub fn command(&self, arguments: &[&str]) -> String {
        binary::stdout(self.folder(), arguments)
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        folder_of(&self.home)
    }

    /// The process that serves: in development a child of the one that was started.
    pub fn serving(&self) -> u32 {
        let pid = self.server.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        children.split_whitespace().next().and_then(|child| child.parse().ok()).unwrap_or(pid)
    }

    /// Every file that it keeps.
    pub fn files(&self) -> Vec<PathBuf> {
        let data = match &self.home {
            Home::Production(home) => home.path().join("data"),
            Home::Dev(home) => home.join("keyhook-dev/data"),
        };
        std::fs::read_dir(data).into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
    }

    /// Stops the server and starts it again where it was; what a client holds has to survive, what ended has to stay ended.
    pub fn restart(&mut self) {
        self.server.signal("TERM");
        self.server.wait();
        self.server = match &self.home {
            Home::Production(home) => serve(home),
            Home::Dev(home) => {
                let port = self.server.port;
                Server::start(home.path(), &["dev".to_owned(), "--port".to_owned(), port.to_string()], port)
            }
        };
        self.line = Line::to(self.address());
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.server.port))
    }

    /// What `Host` says.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.server.port)
    }

    /// The secret of a client.
    pub fn secret(&self, client: &str) -> &str {
        self.secrets.get(client).map_or("", String::as_str)
    }

    /// The `Authorization` header of a client.
    pub fn basic(&self, client: &str) -> String {
        basic(client, self.secret(client))
    }

    /// A browser that has never been here.
    pub fn anybody(&self) -> Client {
        self.server.client()
    }

    /// The browser in which a user is signed in.
    pub fn browser(&self, user: &str) -> Client {
        self.browsers.get(user).cloned().unwrap_or_else(|| self.anybody())
    }

    /// What a browser sends as `Cookie`.
    pub fn cookies(browser: &Client) -> String {
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The PKCE pair of every request here.
    pub fn pkce() -> Pkce {
        Pkce::new("attack")
    }

    /// A code, signing in and allowing where that is asked.
    pub fn code_of(&mut self, browser: &mut Client, client: &str, uri: &str, scope: &str, person: Person<'_>) -> String {
        let ask = Ask { client_id: client, redirect_uri: uri, scope, state: "s", pkce: Target::pkce() };
        let code = flow::code(browser, &ask, person);
        self.canaries.token(&code);
        for value in browser.cookies.values() {
            self.canaries.token(value);
        }
        code
    }

    /// A code of a client for Alice.
    pub fn code(&mut self, client: &str, uri: &str) -> String {
        let mut browser = self.browser("alice");
        let scope = if client == "shop" || client == "lax" { "read write" } else { "read" };
        self.code_of(&mut browser, client, uri, scope, ALICE)
    }
}

/// Starts `keyhook serve` with a management listener.
fn serve(home: &Production) -> Server {
    let arguments = ["serve", "--config", "keyhook.toml", "--config", "management.toml"].map(str::to_owned);
    Server::start(home.path(), &arguments, home.port)
}

fn folder_of(home: &Home) -> &Path {
    match home {
        Home::Production(home) => home.path(),
        Home::Dev(home) => home.path(),
    }
}
