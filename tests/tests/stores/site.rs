//! Where the servers are, a Redis of a test's own, and what every store has to do for the protocol.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::binary::{free_port, pause};
use keyhook_tests::pair::Pair;
use keyhook_tests::scratch::Scratch;

/// The URL of a server.
#[allow(clippy::disallowed_methods, reason = "where the server is, only the environment knows")]
pub(crate) fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: eval \"$(tests/servers/up)\""))
}

/// The same, with a prefix that nobody else uses.
pub(crate) fn own(variable: &str, name: &str) -> String {
    format!("{}?prefix={name}.{}.{}", url(variable), std::process::id(), free_port())
}

/// A Redis that a test may stop.
pub(crate) struct Redis {
    folder: Scratch,
    child: Child,
    pub(crate) port: u16,
    durable: bool,
}

impl Redis {
    pub(crate) fn start(name: &str, durable: bool) -> Redis {
        let (folder, port) = (Scratch::new(name), free_port());
        let child = launch(folder.path(), port, durable);
        Redis { folder, child, port, durable }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn again(&mut self) {
        self.child = launch(self.folder.path(), self.port, self.durable);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn launch(folder: &Path, port: u16, durable: bool) -> Child {
    let append = if durable { "yes" } else { "no" };
    let child = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            append,
            "--appendfsync",
            "always",
            "--dir",
        ])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        pause();
    }
    child
}

/// Sign-in, code, tokens, refresh, replay: what was used once is used up, and its family with it (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
pub(crate) fn serves(pair: &Pair) {
    let [one, other] = pair.nodes();
    let mut browser = pair.browser();
    let code = pair.code(&mut browser);
    let verifier = pair.pkce().verifier;
    let tokens = Tokens::of(&other.redeem(&code, pair.redirect_uri(), &verifier)).unwrap();
    assert!(one.is_active(&tokens.access) && other.is_active(&tokens.access));
    let next = Tokens::of(&one.refresh(&tokens.refresh)).unwrap();
    assert!(other.is_active(&next.access));
    assert_eq!(one.redeem(&code, pair.redirect_uri(), &verifier).error(), "invalid_grant");
    // What one node changes another believes after a second at most.
    pair.server().wait_until("the family has ended at both nodes", || !one.is_active(&next.access) && !other.is_active(&next.access));
    assert_eq!(other.refresh(&next.refresh).error(), "invalid_grant");
}

/// Many redeem the same codes at once, at every node: one of them gets tokens (RFC 6749 §4.1.2).
pub(crate) fn races(pair: &Pair) {
    const CODES: usize = 20;
    const RACERS: usize = 8;
    let mut browser = pair.browser();
    let (nodes, verifier) = (pair.nodes(), pair.pkce().verifier);
    for _ in 0..CODES {
        let code = pair.code(&mut browser);
        let redeem = |racer: usize| nodes[racer % 2].redeem(&code, pair.redirect_uri(), &verifier).status;
        let told: Vec<u16> = std::thread::scope(|scope| {
            let redeem = &redeem;
            let racers: Vec<_> = (0..RACERS).map(|racer| scope.spawn(move || redeem(racer))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(told.iter().filter(|status| **status == 200).count(), 1, "{told:?}");
        assert!(told.iter().all(|status| [200, 400].contains(status)), "{told:?}");
    }
}
