//! Restarts under load: the listening sockets go from process to process, and no request fails.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyhook_tests::binary::{self, Server, pause};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::load::{Load, Tally};
use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

/// How often the server is restarted: `few` times, or as often as `KEYHOOK_RESTARTS` says.
fn restarts(few: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_RESTARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// The process that serves now; ended with the test.
struct Heir(u32);

impl Heir {
    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.0.to_string()]).status().unwrap().success());
    }

    fn is_there(&self) -> bool {
        // A zombie has ended; this process may not be its parent.
        std::fs::read_to_string(format!("/proc/{}/stat", self.0))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.starts_with(" Z")))
    }

    fn ended(&self) {
        for _ in 0..3000 {
            if !self.is_there() {
                return;
            }
            pause();
        }
        panic!("process {} does not end", self.0);
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0.to_string()]).stderr(Stdio::null()).status();
    }
}

/// `keyhook serve` by a link in its folder, which can come to point to another program.
struct Linked {
    pair: Pair,
    program: PathBuf,
    heir: Heir,
}

impl Linked {
    fn start(name: &str) -> Linked {
        let production = Production::new(name, "");
        let program = production.path().join("keyhook");
        std::os::unix::fs::symlink(binary::path(), &program).unwrap();
        let mut command = Command::new(&program);
        command.arg("serve").current_dir(production.path()).stdin(Stdio::null());
        let server = Server::launch(command, production.port);
        let heir = Heir(server.pid());
        Linked { pair: Pair::around(production, server), program, heir }
    }

    /// The new process' id, or what `keyhook restart` says.
    fn restart(&self) -> Result<u32, String> {
        let output = self.pair.production.run(&["restart", "--format", "json"]);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        Ok(u32::try_from(answer["process"].as_u64().unwrap()).unwrap())
    }

    /// The process that answers the command line.
    fn serving(&self) -> u32 {
        let status = binary::stdout(self.pair.production.path(), &["status", "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        u32::try_from(status["process"].as_u64().unwrap()).unwrap()
    }

    /// One restart, by command or by signal; the old process ends.
    fn succeed(&mut self, by_signal: bool) {
        let new = if by_signal {
            self.heir.signal("USR2");
            (0..3000).map(|_| self.serving()).find(|process| *process != self.heir.0).unwrap()
        } else {
            self.restart().unwrap_or_else(|text| panic!("{text}"))
        };
        let old = std::mem::replace(&mut self.heir, Heir(new));
        if old.0 == self.pair.server().pid() {
            self.pair.ended();
        }
        old.ended();
        assert_eq!(self.serving(), new);
    }

    /// Makes the program something that does not start, and the configuration something that does not hold: both times the
    /// restart says so, and the old process serves on.
    fn fail(&self) {
        let broken = write_program(self.pair.production.path(), "#!/bin/sh\necho this version is broken >&2\nexit 42\n");
        replace(&self.program, &broken);
        let text = self.restart().unwrap_err();
        assert!(text.contains("KH0173") && text.contains("42"), "{text}");
        replace(&self.program, &binary::path());
        self.pair.production.configure("[tokens]\nlifetime_of_axes = \"1s\"\n");
        let text = self.restart().unwrap_err();
        assert!(text.contains("lifetime_of_axes"), "{text}");
        self.pair.production.configure("");
        assert_eq!(self.serving(), self.heir.0, "who ran before runs on");
    }
}

fn write_program(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("broken");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Lets the link point elsewhere, as an upgrade does.
fn replace(link: &Path, target: &Path) {
    let beside = link.with_extension("new");
    std::os::unix::fs::symlink(target, &beside).unwrap();
    std::fs::rename(beside, link).unwrap();
}

fn report(what: &str, count: (&str, usize), tally: &Tally, log: &str) {
    let why: Vec<_> = log.lines().filter(|line| line.contains("KH04") || line.contains("panicked")).collect();
    assert!(tally.failures.is_empty(), "{:?}\n{}", tally.failures, why.join("\n"));
    record(&Figure {
        id: "F8",
        what,
        measured: &[
            (count.0, count.1.into()),
            ("requests", tally.answered.into()),
            ("over kept connections", tally.reused.into()),
            ("connections", tally.opened.into()),
            ("failed requests", tally.failures.len().into()),
        ],
        accumulates: true,
        command: "KEYHOOK_RESTARTS=100 cargo test -p keyhook-tests --test black_box restart::",
        covers_not: "a request on a connection that was silent for more than a second when the process stopped; a power failure",
    });
}

#[test]
fn no_request_fails_while_process_after_process_takes_over() {
    let mut linked = Linked::start("restart-load");
    let mut browser = linked.pair.browser();
    let load = Load::on(&linked.pair);
    let rounds = restarts(8);
    for round in 0..rounds {
        load.go_on(50);
        if round % 4 == 1 {
            linked.fail();
        }
        let reloaded = linked.pair.production.run(&["reload"]);
        assert!(reloaded.status.success(), "{}", String::from_utf8_lossy(&reloaded.stderr));
        linked.succeed(round % 2 == 1);
        // Who was signed in still is, and a code of one process is redeemed by the next.
        let code = linked.pair.code(&mut browser);
        if round % 4 == 2 {
            linked.succeed(false);
        }
        let answer = linked.pair.nodes()[0].redeem(&code, linked.pair.redirect_uri(), &linked.pair.pkce().verifier);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    load.go_on(50);
    let tally = load.end();
    linked.heir.signal("TERM");
    linked.heir.ended();
    assert!(!linked.pair.server().log().contains("panicked"));
    assert!(tally.reused > tally.answered / 2 && tally.opened > tally.answered / 50, "{tally:?}");
    report(
        "restarts and reloads under load, the sockets handed over (kept and new connections, HTTP/2)",
        ("restarts", rounds + rounds / 4),
        &tally,
        &linked.pair.server().log(),
    );
}

/// `sd_listen_fds(3)`: the service manager holds the socket, and connections wait in it while no process is there.
#[test]
fn no_request_fails_while_a_service_manager_holds_the_socket() {
    let production = Production::new("restart-activated", "");
    let socket = TcpListener::bind(("127.0.0.1", production.port)).unwrap();
    let start = || {
        let mut command = Command::new("sh");
        let become_it = "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" serve";
        command.arg("-c").arg(become_it).arg(binary::path()).current_dir(production.path());
        command.stdin(std::os::fd::OwnedFd::from(socket.try_clone().unwrap()));
        command
    };
    let first = Server::launch(start(), production.port);
    let port = production.port;
    let mut server = None;
    let rounds = restarts(6);
    let folder = production.path().to_owned();
    let starts: Vec<_> = (0..rounds).map(|_| start()).collect();
    let mut pair = Pair::around(production, first);
    let load = Load::on(&pair);
    for command in starts {
        load.go_on(50);
        match server.take() {
            None => {
                pair.server().signal("TERM");
                pair.ended();
            }
            Some(server) => assert_eq!(Server::stop(server), Some(0)),
        }
        assert!(!folder.join("data/admin.sock").exists());
        server = Some(Server::launch(command, port));
    }
    load.go_on(50);
    report(
        "stops and starts under load, the socket held by a service manager (kept and new connections, HTTP/2)",
        ("restarts", rounds),
        &load.end(),
        &pair.server().log(),
    );
}

/// A socket that nobody would accept from is refused at the start (KH0104).
#[test]
fn a_socket_at_an_address_that_is_not_configured_is_refused() {
    let production = Production::new("restart-stranger", "");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = Command::new("sh")
        .args(["-c", "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" serve"])
        .arg(binary::path())
        .current_dir(production.path())
        .stdin(std::os::fd::OwnedFd::from(socket))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("KH0104"), "{text}");
}

/// What cannot restart says so, and where nothing runs `--take-over` is a start like any other.
#[test]
fn taking_over_from_nobody_is_a_start_and_a_development_server_does_not_restart() {
    let production = Production::new("restart-nobody", "");
    let server = Server::start(production.path(), &["serve".to_owned(), "--take-over".to_owned()], production.port);
    assert_eq!(server.stop(), Some(0));
    let output = production.run(&["restart"]);
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = keyhook_tests::scratch::Scratch::new("restart-dev");
    let dev = Server::dev(folder.path(), &[]);
    let output = binary::run(folder.path(), &["restart"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("KH0170"), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(dev.stop(), Some(0));
}
