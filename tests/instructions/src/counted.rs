//! A server in a folder of its own, run natively to prepare it and under callgrind to be counted.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::requests::{Known, Scenario};

/// The server and what requests may name.
pub(crate) struct Server {
    program: PathBuf,
    folder: PathBuf,
    known: Known,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// Makes its folder, registers the clients and gets a token.
    pub(crate) fn prepare(program: &Path, plugin: Option<&Path>) -> Server {
        let folder = std::env::temp_dir().join(format!("keyhook-instructions-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("keyhook-dev/plugins")).unwrap();
        if let Some(plugin) = plugin {
            let place = folder.join("keyhook-dev/plugins").join(plugin.file_name().unwrap());
            std::fs::copy(plugin, place).unwrap_or_else(|error| panic!("{}: {error}", plugin.display()));
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let known = Known { port, client_secret: String::new(), access_token: String::new() };
        let mut server = Server { program: program.canonicalize().expect("a release binary"), folder, known };
        server.register();
        server
    }

    fn register(&mut self) {
        let running = Running::start(&mut Command::new(&self.program), self);
        let counted = self.client(&["counted", "--grant", "client_credentials", "--scope", "read"]);
        self.client(&["native", "--public", "--redirect-uri", "http://127.0.0.1/cb", "--scope", "read"]);
        counted["client_secret"].as_str().expect("a secret").clone_into(&mut self.known.client_secret);
        let request = crate::requests::SCENARIOS[0].bytes(&self.known);
        let answer = Line::open(self.known.port).ask(&request);
        let body: Value = serde_json::from_str(&answer.1).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
        body["access_token"].as_str().expect("a token").clone_into(&mut self.known.access_token);
        running.end();
    }

    fn client(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.program);
        let output = command.args(["client", "add", "--format", "json"]).args(arguments).current_dir(&self.folder).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// All instructions of a server that answers so many requests, from its start to its end.
    pub(crate) fn instructions(&mut self, scenario: &Scenario, requests: usize) -> u64 {
        let mut callgrind = Command::new("valgrind");
        callgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&self.program);
        let running = Running::start(&mut callgrind, self);
        let bytes = scenario.bytes(&self.known);
        let mut line = Line::open(self.known.port);
        for _ in 0..requests {
            let answer = line.ask(&bytes);
            assert!(answer.0.starts_with(scenario.status), "{}: {answer:?}", scenario.name);
        }
        collected(&running.end())
    }
}

/// The count in callgrind's last words: `==PID== Collected : N`.
fn collected(words: &str) -> u64 {
    let line = words.lines().rev().find(|line| line.contains("Collected")).unwrap_or_else(|| panic!("callgrind counted nothing: {words}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// A process that answers.
struct Running {
    child: Child,
    /// What it writes goes into a file: a pipe that nobody reads would stop it.
    words: PathBuf,
}

impl Running {
    /// Starts the development server without the process that watches over it, which ends it when standard input ends.
    fn start(command: &mut Command, server: &Server) -> Running {
        command.args(["dev", "--supervised", "--port", &server.known.port.to_string()]).current_dir(&server.folder);
        let words = server.folder.join("stderr");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(File::create(&words).unwrap());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        while !listens(server.known.port) {
            assert!(child.try_wait().unwrap().is_none(), "the server ended at its start");
            std::thread::yield_now();
        }
        // It listens before it is ready: an answer tells.
        Line::open(server.known.port).ask(format!("GET / HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", server.known.port).as_bytes());
        Running { child, words }
    }

    /// Ends it as a supervisor does; gives what it wrote.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        std::fs::read_to_string(&self.words).unwrap()
    }
}

/// Whether somebody listens. A connection to a port that nobody has may meet itself.
fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok_and(|stream| stream.local_addr().ok() != stream.peer_addr().ok())
}

/// A kept connection.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(port: u16) -> Line {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Line(BufReader::new(stream))
    }

    /// Sends a request; gives the head and the body of the answer.
    fn ask(&mut self, request: &[u8]) -> (String, String) {
        self.0.get_mut().write_all(request).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "the connection ended: {head}");
        }
        let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}
