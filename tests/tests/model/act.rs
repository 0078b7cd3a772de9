//! The server that the model is compared with: sockets, stores, a clock that is moved, a stop, a crash.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;
use keyhook_tests::flow::{Ask, Form, Person, Pkce, follow};
use keyhook_tests::http::{Answer, Client as Http, basic, encode};
use keyhook_tests::local::Local;
use keyhook_tests::scratch::Scratch;
use keyhook_tests::stage::{ALICE, APP_URI, BOB, SECRET, SHOP_URI, registrations};

use crate::step::{Asked, Client, User};

/// When every script begins, in milliseconds.
pub(crate) const BEGIN: i64 = 1_800_000_000_000;
const HOST: &str = "localhost:8080";
const DATABASE: &str = "data/keyhook.db";

/// Which store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// In a file: what was acknowledged survives.
    Sqlite,
    /// In memory: a restart forgets all.
    Memory,
}

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A running server, and two people who use it.
pub(crate) struct Site {
    kind: Kind,
    folder: Scratch,
    clock: Arc<Hand>,
    local: Option<Local>,
    browsers: [Http; 2],
}

impl Client {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Client::Shop => "shop",
            Client::Other => "other",
            Client::App => "app",
            Client::Machine => "machine",
        }
    }

    pub(crate) fn uri(self) -> &'static str {
        if self == Client::App { APP_URI } else { SHOP_URI }
    }
}

impl User {
    pub(crate) fn person(self) -> Person<'static> {
        if self == User::Alice { ALICE } else { BOB }
    }
}

impl Asked {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Asked::Nothing => "",
            Asked::Read => "read",
            Asked::All => "read write",
            Asked::TooMuch => "read admin",
        }
    }
}

fn start(kind: Kind, folder: &Path, clock: &Arc<Hand>) -> Local {
    Local::bare(|mut builder| {
        for client in registrations() {
            builder = builder.client(client);
        }
        for person in [ALICE, BOB] {
            builder = builder.user(person.username, person.password);
        }
        let builder = builder.issuer(format!("http://{HOST}")).clock(Arc::clone(clock) as Arc<dyn Clock>);
        match kind {
            Kind::Sqlite => builder
                .data(folder.join("data"))
                .master_key(folder.join("master.key"))
                .store(format!("sqlite:{}", folder.join(DATABASE).display())),
            Kind::Memory => builder.data(folder.join("data")),
        }
    })
}

/// Copies a database as a dead process leaves it. The log first: what moves from it into the file meanwhile stands in both.
fn copy_database(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(to.join("data")).unwrap();
    for file in ["data/keyhook.db-wal", DATABASE, "master.key"] {
        match std::fs::copy(from.join(file), to.join(file)) {
            // The log goes when the last connection is closed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
}

/// A folder in which clients and users are registered already: hashing passwords takes longer than a script.
static REGISTERED: LazyLock<Scratch> = LazyLock::new(|| {
    let folder = Scratch::new("model-registered");
    start(Kind::Sqlite, folder.path(), &Arc::new(Hand(AtomicI64::new(BEGIN)))).stop();
    folder
});

impl Site {
    pub(crate) fn new(kind: Kind) -> Site {
        let (folder, clock) = (Scratch::new("model"), Arc::new(Hand(AtomicI64::new(BEGIN))));
        if kind == Kind::Sqlite {
            copy_database(REGISTERED.path(), folder.path());
        }
        let local = start(kind, folder.path(), &clock);
        let browser = Http::new(SocketAddr::from((Ipv4Addr::LOCALHOST, local.port)), HOST);
        Site { kind, folder, clock, local: Some(local), browsers: [browser.clone(), browser] }
    }

    /// Moves the clock.
    pub(crate) fn step_clock(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Starts anew; with a `crash` on what the disk holds now. Whether anything is remembered.
    pub(crate) fn restart(&mut self, crash: bool) -> bool {
        let before = self.local.take().unwrap();
        if self.kind == Kind::Sqlite && crash {
            let folder = Scratch::new("model");
            copy_database(self.folder.path(), folder.path());
            drop(before);
            self.folder = folder;
        } else {
            assert!(before.stop(), "requests were left");
        }
        let local = start(self.kind, self.folder.path(), &self.clock);
        for browser in &mut self.browsers {
            browser.address.set_port(local.port);
            if self.kind == Kind::Memory {
                browser.cookies.clear();
            }
        }
        self.local = Some(local);
        self.kind == Kind::Sqlite
    }

    /// Sends a user on the way; the consent page's form and whether the user had to sign in, or what came instead.
    pub(crate) fn authorize(
        &mut self,
        client: Client,
        user: User,
        asked: Asked,
        uri_sent: bool,
        pkce: Pkce,
    ) -> Result<(Form, bool), Answer> {
        let ask = Ask { client_id: client.id(), redirect_uri: client.uri(), scope: asked.text(), state: "a state", pkce };
        let mut path = ask.path() + "&prompt=consent";
        if !uri_sent {
            path = path.replace(&format!("redirect_uri={}&", encode(client.uri())), "");
        }
        let browser = &mut self.browsers[user as usize];
        let mut answer = browser.get(&path);
        answer = follow(browser, answer);
        let mut signed_in = false;
        if answer.status == 200 && answer.text().contains("current-password") {
            signed_in = true;
            let (form, person) = (Form::with_field(&answer.text(), "password"), user.person());
            let next = browser.post(&form.action, &form.filled(&[("username", person.username), ("password", person.password)]));
            answer = follow(browser, next);
        }
        match answer.status {
            200 => Ok((Form::with_field(&answer.text(), "decision"), signed_in)),
            _ => Err(answer),
        }
    }

    /// Sends a consent page's form back.
    pub(crate) fn decide(&mut self, by: User, form: &Form, allow: bool) -> Answer {
        let browser = &mut self.browsers[by as usize];
        browser.post(&form.action, &form.filled(&[("decision", if allow { "allow" } else { "deny" })]))
    }

    /// A request of a client to one of its endpoints, with its secret or a wrong one.
    pub(crate) fn post(&self, path: &str, by: Client, secret: bool, form: &[(&str, &str)]) -> Answer {
        let mut http = Http { cookies: std::collections::BTreeMap::default(), ..self.browsers[0].clone() };
        if by == Client::App {
            return http.post(path, &[form, &[("client_id", "app")]].concat());
        }
        let authorization = basic(by.id(), if secret { SECRET } else { "a wrong secret" });
        http.post_with(path, &[("authorization", &authorization)], form)
    }
}
