//! The `keyhook` binary as a user runs it: a process in a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::http::Client;

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Lets this process test another binary; the first word counts.
pub fn choose(program: &Path) {
    let _ = CHOSEN.set(program.to_owned());
}

/// The binary under test: the one that was chosen, `KEYHOOK_BIN`, or the one that cargo built beside the tests.
pub fn path() -> PathBuf {
    if let Some(chosen) = CHOSEN.get() {
        return chosen.clone();
    }
    #[allow(clippy::disallowed_methods, reason = "the harness is told by the environment which binary to test")]
    let named = std::env::var_os("KEYHOOK_BIN").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let mut folder = std::env::current_exe().unwrap();
        folder.pop();
        folder.pop();
        folder.join("keyhook")
    })
}

/// Longest time that a command may take.
const LONGEST: Duration = Duration::from_mins(1);

/// Runs a command to its end; one that does not come to it is killed, so that the test fails and says why.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(path());
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (pid, (ended, end)) = (child.id().to_string(), std::sync::mpsc::channel::<()>());
    let guard = std::thread::spawn(move || {
        if end.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(ended);
    guard.join().unwrap();
    output
}

/// The standard output of a command that has to succeed.
pub fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "keyhook {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A server process.
pub struct Server {
    child: Child,
    /// The port it was told to use.
    pub port: u16,
    output: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts `keyhook dev --port PORT …` and waits until it answers.
    pub fn dev(folder: &Path, arguments: &[&str]) -> Server {
        let port = free_port();
        let mut all = vec!["dev".to_owned(), "--port".to_owned(), port.to_string()];
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Server::start(folder, &all, port)
    }

    /// Starts the binary and waits until it answers on `port`.
    pub fn start(folder: &Path, arguments: &[String], port: u16) -> Server {
        let mut command = Command::new(path());
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        Server::launch(command, port)
    }

    /// The same for any command line that becomes the binary.
    pub fn launch(command: Command, port: u16) -> Server {
        Server::spawn(command, port).wait_until_ready()
    }

    /// The same without waiting, for a server that speaks TLS: `wait_for` something that it says.
    pub fn spawn(mut command: Command, port: u16) -> Server {
        let mut child = command.env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().unwrap(), &output);
        collect(child.stderr.take().unwrap(), &output);
        Server { child, port, output }
    }

    fn wait_until_ready(mut self) -> Server {
        let client = self.client();
        let probe = format!("GET /.well-known/oauth-authorization-server HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", client.host);
        for _ in 0..3000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.log());
            }
            // A port is bound before anybody serves it: ready is who answers.
            if client.send(probe.as_bytes()).is_ok() {
                return self;
            }
            pause();
        }
        panic!("the server does not answer: {}", self.log())
    }

    /// A client of this server, as the issuer's host.
    pub fn client(&self) -> Client {
        Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)), &format!("localhost:{}", self.port))
    }

    /// Everything it has written so far.
    pub fn log(&self) -> String {
        self.output.lock().unwrap().join("\n")
    }

    /// The lines since this was asked last; they are kept no longer.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.output.lock().unwrap())
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has written a line that contains `text`.
    pub fn wait_for(&self, text: &str) {
        for _ in 0..6000 {
            if self.output.lock().unwrap().iter().any(|line| line.contains(text)) {
                return;
            }
            pause();
        }
        panic!("the server never wrote {text:?}: {}", self.log())
    }

    /// Waits until something that is asked again and again is so.
    pub fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..3000 {
            if is_so() {
                return;
            }
            pause();
        }
        panic!("never came about: {what}: {}", self.log())
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, as `kill -NAME` does.
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Asks it to stop and waits; gives the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    /// Waits until it has ended; gives the exit code, none if a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it without asking.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits a moment for another process; the only place where a test waits for time.
#[allow(clippy::disallowed_methods, reason = "another process cannot be waited for by event; callers loop on what they wait for")]
pub fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(10));
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<String>>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            into.lock().unwrap().push(line);
        }
    });
}
