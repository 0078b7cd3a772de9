//! Other servers under the same load, each with what its authors ship for memory, which favors them: nothing of theirs is durable but
//! django-oauth-toolkit's. They are installed below `target/tools/peers`; one that is not there is said.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::{crew, tokens};
use crate::client::script::{Fixed, Head, Varied};
use crate::client::{Address, Crew, Script};
use crate::flow::{Client, CodeFlow, Site};
use crate::plan::Plan;
use crate::race::{Race, Runner};
use crate::server::keyhook::{ACTIVE, TOKEN_EXPECTED, TOKEN_FORM, basic, collected};
use crate::server::process::free_port;
use crate::server::{Folder, Keyhook, Process, Setup};
use crate::table::{Comparison, Table, Verdict};

/// Tokens that are introspected in turn.
const INTROSPECTED: usize = 200;

struct Peer {
    name: &'static str,
    program: &'static str,
    /// The rest of the command line; `PORT` stands for the port.
    arguments: &'static [&'static str],
    /// Below the workspace, or below the tools for what is not ours.
    folder: &'static str,
    authorize: &'static str,
    token: &'static str,
    /// Path, and how it writes that a token is live.
    introspect: Option<(&'static str, &'static [u8])>,
    /// The client of the code flow.
    code_client: &'static str,
    /// How many times its rate of tokens ours has to be.
    goal: f64,
}

/// [`ACTIVE`] as Python's JSON writes it.
const SPACED: &[u8] = b"\"active\": true";
const GUNICORN: &str = "python/bin/gunicorn";
const PYTHON: &str = "tests/bench/peers/python";
const PEERS: [Peer; 5] = [
    Peer {
        name: "oxide-auth on axum, memory",
        program: "oxide/release/bench-peer-oxide",
        arguments: &["PORT"],
        folder: ".",
        authorize: "/authorize",
        token: "/token",
        introspect: None,
        code_client: "bench",
        goal: 0.9,
    },
    Peer {
        name: "python-oauth2, memory",
        program: GUNICORN,
        arguments: &["-w1", "-k", "gthread", "--threads", "4", "--keep-alive", "60", "-b", "127.0.0.1:PORT", "python_oauth2:app"],
        folder: PYTHON,
        authorize: "/authorize",
        token: "/token",
        introspect: None,
        code_client: "bench",
        goal: 8.0,
    },
    Peer {
        name: "node oidc-provider, memory",
        program: "node",
        arguments: &["../../../../tests/bench/peers/node/oidc.mjs", "PORT"],
        folder: "target/tools/peers/node",
        authorize: "/auth",
        token: "/token",
        introspect: Some(("/token/introspection", ACTIVE)),
        code_client: "bench",
        goal: 20.0,
    },
    Peer {
        name: "Authlib on Flask, memory",
        program: GUNICORN,
        arguments: &["-w1", "-k", "gthread", "--threads", "4", "--keep-alive", "60", "-b", "127.0.0.1:PORT", "authlib_flask:app"],
        folder: PYTHON,
        authorize: "/authorize",
        token: "/token",
        introspect: Some(("/introspect", SPACED)),
        code_client: "bench",
        goal: 25.0,
    },
    Peer {
        name: "django-oauth-toolkit, SQLite, durable",
        program: GUNICORN,
        arguments: &["-w1", "-k", "gthread", "--threads", "4", "--keep-alive", "60", "-b", "127.0.0.1:PORT", "django_toolkit:app"],
        folder: PYTHON,
        authorize: "/authorize/",
        token: "/token/",
        introspect: Some(("/introspect/", SPACED)),
        code_client: "bench-code",
        goal: 100.0,
    },
];

/// Runs them, if the plan says so.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.peers {
        return;
    }
    let keyhook = Keyhook::start(&plan.folder, &Setup::default());
    for peer in &PEERS {
        match peer.start(plan) {
            Ok(running) => compare(plan, table, &keyhook, &running),
            Err(why) => table.add(&format!("token beside {}", peer.name), &why, "", Verdict::Free),
        }
    }
}

struct Running<'a> {
    peer: &'a Peer,
    process: Process,
    host: String,
    _folder: Folder,
}

impl Peer {
    /// Starts it on the server's core; what is missing if it is not installed.
    fn start(&self, plan: &Plan) -> Result<Running<'_>, String> {
        let tools = std::env::current_dir().unwrap().join("target/tools/peers");
        let program = if self.program.contains('/') { tools.join(self.program) } else { PathBuf::from(self.program) };
        let needed = if self.program == "node" { tools.join("node/node_modules/oidc-provider") } else { program.clone() };
        if !needed.exists() {
            return Err("could not be installed".to_owned());
        }
        let (folder, port) = (Folder::new(&plan.folder), free_port());
        let process = Process::start(&program, port, None, |command| self.dress(command, port, folder.path()));
        Ok(Running { peer: self, process, host: format!("127.0.0.1:{port}"), _folder: folder })
    }

    fn dress(&self, command: &mut Command, port: u16, data: &Path) {
        command.args(self.arguments.iter().map(|argument| argument.replace("PORT", &port.to_string())));
        command.current_dir(self.folder).env("NODE_ENV", "production").env("AUTHLIB_INSECURE_TRANSPORT", "1");
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("BENCH_DATABASE", data.join("django.sqlite3"));
    }
}

impl Running<'_> {
    fn crew<S: Script + 'static>(&self, plan: &Plan, script: impl Fn(usize) -> S) -> Crew {
        let address = Address { socket: self.process.address(), trust: None };
        Crew::connect(&address, (0..plan.connections).map(|index| Box::new(script(index)) as Box<dyn Script>))
    }

    fn site(&self) -> Arc<Site> {
        let id = self.peer.code_client;
        let client = Client {
            id: id.to_owned(),
            basic: basic(id, "bench-secret"),
            redirect_uri: "https://shop.test/cb".to_owned(),
            scope: "read".to_owned(),
        };
        let (authorize, token) = (self.peer.authorize.to_owned(), self.peer.token.to_owned());
        Arc::new(Site { host: self.host.clone(), authorize, token, client, user: String::new(), password: String::new() })
    }
}

/// Tokens, introspection and flows, ours beside theirs.
fn compare(plan: &Plan, table: &mut Table, keyhook: &Keyhook, theirs: &Running<'_>) {
    let authorization = basic("bench", "bench-secret");
    let head = |path| Head { method: "POST", path, host: &theirs.host, authorization: Some(&authorization) };
    let token = Fixed::new(&head(theirs.peer.token), TOKEN_FORM, TOKEN_EXPECTED);
    let mut row = |what: &str, goal, theirs: Runner<'_>, ours: Runner<'_>, beside| {
        let race = Race::run(plan, &mut [theirs, ours]);
        table.compare(&Comparison { what, beside, goal }, &race, 1, 0);
    };
    let beside = theirs.peer.name;
    let (goal, runner) = (Some(theirs.peer.goal), Runner::new(&theirs.process, theirs.crew(plan, |_| token.clone())));
    row("token, durable", goal, runner, tokens(plan, keyhook), beside);
    if let Some((path, active)) = theirs.peer.introspect {
        let address = Address { socket: theirs.process.address(), trust: None };
        let their_tokens = collected(&address, token.clone(), INTROSPECTED);
        let requests = their_tokens.iter().map(|token| head(path).with_form(&format!("token={token}"))).collect();
        let their_crew = theirs.crew(plan, |index| Varied::new(&requests, 17 * index, active));
        let requests = keyhook.introspections(&keyhook.fresh_tokens(INTROSPECTED));
        let our_crew = crew(plan, keyhook, |index| Varied::new(&requests, 17 * index, ACTIVE));
        row("introspection", None, Runner::new(&theirs.process, their_crew), Runner::new(&keyhook.process, our_crew), beside);
    }
    let their_flows = Runner::new(&theirs.process, theirs.crew(plan, |_| CodeFlow::new(theirs.site())));
    let our_flows = Runner::new(&keyhook.process, crew(plan, keyhook, |_| CodeFlow::new(keyhook.site())));
    row("code flow, durable", None, their_flows, our_flows, beside);
}
