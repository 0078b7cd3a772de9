//! `keyhook serve` once or twice on one database, with a client `shop` and a user `alice`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::back_channel::{BackChannel, Tokens};
use crate::binary::{self, Server, free_port};
use crate::crash::Site;
use crate::flow::{self, Ask, Person, Pkce};
use crate::http::Client;
use crate::production::Production;

/// The user.
pub const ALICE: Person<'static> = Person { username: "alice", password: "open sesame" };
const REDIRECT_URI: &str = "https://shop.test/cb";

/// A production folder whose server has been started, with what its client needs to know.
pub struct Pair {
    /// The folder.
    pub production: Production,
    servers: Vec<Server>,
    secret: String,
}

impl Pair {
    /// One process; `more` is added to the configuration.
    pub fn single(name: &str, more: &str) -> Pair {
        Pair::single_in(Production::new(name, more))
    }

    /// One process in a folder that is there.
    pub fn single_in(production: Production) -> Pair {
        let first = production.serve();
        Pair::around(production, first)
    }

    /// One process that runs already.
    pub fn around(production: Production, first: Server) -> Pair {
        let added = binary::stdout(
            production.path(),
            &["client", "add", "shop", "--redirect-uri", REDIRECT_URI, "--scope", "read write", "--introspect", "--format", "json"],
        );
        let added: serde_json::Value = serde_json::from_str(&added).unwrap();
        let secret = added["client_secret"].as_str().unwrap().to_owned();
        add_alice(&production);
        Pair { production, servers: vec![first], secret }
    }

    /// Two processes with a data folder each, on the first one's database.
    pub fn start(name: &str, more: &str) -> Pair {
        let mut pair = Pair::single(name, more);
        let store = format!("[store]\nurl = \"sqlite:{}/data/keyhook.db\"\n{more}", pair.production.path().display());
        pair.join(&store);
        pair
    }

    /// Two processes with a data folder each, on a store that machines share.
    pub fn shared(name: &str, url: &str) -> Pair {
        let store = format!("[store]\nurl = \"{url}\"\n");
        let mut pair = Pair::single(name, &store);
        pair.join(&store);
        pair
    }

    /// Starts another process with a data folder of its own; `more` names the store that both share.
    pub fn join(&mut self, more: &str) {
        let folder = self.production.path().to_owned();
        let (issuer_port, port) = (self.production.port, free_port());
        let text = format!(
            "[server]\nissuer = \"http://localhost:{issuer_port}\"\nlisten = [\"127.0.0.1:{port}\"]\ntls = \"off\"\ndata = \"{0}/second\"\n\
             [management]\nlisten = \"off\"\n[keys]\nmaster_file = \"{0}/master.key\"\n{more}",
            folder.display(),
        );
        std::fs::write(folder.join("second.toml"), text).unwrap();
        self.servers.push(Server::start(&folder, &["serve".to_owned(), "--config".to_owned(), "second.toml".to_owned()], port));
    }

    /// The client's back channel to each process.
    pub fn nodes(&self) -> [BackChannel; 2] {
        let node = |index: usize| BackChannel::new(self.client(index), "shop", &self.secret);
        [node(0), node(self.servers.len() - 1)]
    }

    fn client(&self, index: usize) -> Client {
        let mut client = self.servers[index].client();
        client.host = format!("localhost:{}", self.production.port);
        client
    }

    /// The first process, as its client sees it.
    pub fn site(&self) -> Site {
        Site { node: self.nodes()[0].clone(), redirect_uri: REDIRECT_URI.to_owned(), verifier: self.pkce().verifier }
    }

    /// A browser at the first process.
    pub fn browser(&self) -> Client {
        self.client(0)
    }

    /// The client's secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Where the client wants its users back.
    pub fn redirect_uri(&self) -> &'static str {
        REDIRECT_URI
    }

    /// The client's PKCE pair.
    pub fn pkce(&self) -> Pkce {
        Pkce::new("pair")
    }

    /// What the client asks for.
    pub fn ask(&self) -> Ask<'static> {
        Ask { client_id: "shop", redirect_uri: REDIRECT_URI, scope: "read write", state: "s", pkce: self.pkce() }
    }

    /// A code, after a sign-in and consent only if the browser has not had them.
    pub fn code(&self, browser: &mut Client) -> String {
        flow::code(browser, &self.ask(), ALICE)
    }

    /// The tokens of a new grant.
    pub fn tokens(&self, browser: &mut Client) -> Tokens {
        let answer = self.nodes()[0].redeem(&self.code(browser), REDIRECT_URI, &self.pkce().verifier);
        Tokens::of(&answer).unwrap_or_else(|| panic!("no tokens: {} {}", answer.status, answer.text()))
    }

    /// The processes.
    pub fn into_servers(self) -> Vec<Server> {
        self.servers
    }

    /// A browser at the second process.
    pub fn other_browser(&self) -> Client {
        self.client(self.servers.len() - 1)
    }

    /// Ends the first process as `kill -9` does.
    pub fn kill_first(&mut self) {
        self.servers[0].signal("KILL");
        self.servers[0].wait();
    }

    /// The first process.
    pub fn server(&self) -> &Server {
        &self.servers[0]
    }

    /// Starts the first process anew, which has ended.
    pub fn restart(&mut self) {
        self.servers[0] = self.production.serve();
    }

    /// The same with variables in its environment.
    pub fn restart_with(&mut self, environment: &[(&str, &str)]) {
        self.servers[0] = self.production.serve_with(environment);
    }

    /// Waits for the end of the first process, which has been told.
    pub fn ended(&mut self) -> Option<i32> {
        self.servers[0].wait()
    }
}

fn add_alice(production: &Production) {
    let mut child = Command::new(binary::path())
        .args(["user", "add", ALICE.username, "--password-stdin"])
        .current_dir(production.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{}\n", ALICE.password).as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
