//! The two servers: the bare one and keyhook, each pinned to core 0.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::Load;

/// Something that listens.
pub(crate) trait Target {
    /// Where.
    fn address(&self) -> SocketAddr;
    /// Processor time it has used, in microseconds.
    fn cpu_micros(&self) -> f64;
}

/// The bare server.
pub(crate) struct Bare {
    process: Process,
}

impl Bare {
    /// Starts it.
    pub(crate) fn start() -> Bare {
        let port = free_port();
        let mut command = pinned(&std::env::current_exe().unwrap());
        command.args(["bare", &port.to_string()]);
        Bare { process: Process::start(command, port) }
    }

    /// A POST like a token request.
    pub(crate) fn load() -> Load {
        let form = "grant_type=client_credentials&scope=read&padding=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        Load::new("POST", "/token", "localhost", Some("Basic YmVuY2g6eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"), form, b"{\"token\"")
    }
}

impl Target for Bare {
    fn address(&self) -> SocketAddr {
        self.process.address()
    }

    fn cpu_micros(&self) -> f64 {
        self.process.cpu_micros()
    }
}

/// keyhook in dev mode over its default store: SQLite, durable, audit on.
pub(crate) struct Keyhook {
    process: Process,
    host: String,
    basic: String,
    /// Resident memory before any load.
    pub(crate) idle_megabytes: f64,
    /// From the start of the process to the first connection accepted.
    pub(crate) ready_millis: f64,
    _folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Keyhook {
    /// Starts it in a new folder with one confidential client.
    pub(crate) fn start() -> Keyhook {
        let binary =
            std::env::var_os("KEYHOOK_BIN").map_or_else(|| std::env::current_exe().unwrap().with_file_name("keyhook"), PathBuf::from);
        let folder = Folder(std::env::temp_dir().join(format!("keyhook-bench-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).unwrap();
        let port = free_port();
        let dev = |folder: &Path| {
            let mut command = pinned(&binary);
            command.args(["dev", "--port", &port.to_string()]).current_dir(folder);
            Process::start(command, port)
        };
        drop(dev(&folder.0));
        let process = dev(&folder.0);
        let ready_millis = process.ready.as_secs_f64() * 1000.0;
        let idle_megabytes = process.resident_megabytes();
        let added = Command::new(&binary)
            .args(["client", "add", "bench", "--grant", "client_credentials", "--scope", "read", "--format", "json"])
            .current_dir(&folder.0)
            .output()
            .unwrap();
        let client: serde_json::Value =
            serde_json::from_slice(&added.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&added.stderr)));
        let basic = basic("bench", client["client_secret"].as_str().expect("a secret"));
        Keyhook { host: format!("localhost:{port}"), basic, idle_megabytes, ready_millis, process, _folder: folder }
    }

    /// A token request.
    pub(crate) fn client_credentials(&self) -> Load {
        Load::new("POST", "/token", &self.host, Some(&self.basic), "grant_type=client_credentials&scope=read", b"access_token")
    }

    /// An introspection request.
    pub(crate) fn introspection(&self, token: &str) -> Load {
        Load::new("POST", "/introspect", &self.host, Some(&self.basic), &format!("token={token}"), b"\"active\":true")
    }

    /// The metadata document.
    pub(crate) fn metadata(&self) -> Load {
        Load::new("GET", "/.well-known/oauth-authorization-server", &self.host, None, "", b"issuer")
    }

    /// A fresh access token.
    pub(crate) fn access_token(&self) -> String {
        use std::io::{Read, Write};
        let form = "grant_type=client_credentials&scope=read";
        let head = format!(
            "POST /token HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n",
            self.host, self.basic
        );
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(stream, "{head}content-length: {}\r\n\r\n{form}", form.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).expect("a token response");
        body["access_token"].as_str().expect("an access token").to_owned()
    }
}

impl Target for Keyhook {
    fn address(&self) -> SocketAddr {
        self.process.address()
    }

    fn cpu_micros(&self) -> f64 {
        self.process.cpu_micros()
    }
}

struct Process {
    child: Child,
    port: u16,
    ready: Duration,
}

impl Process {
    fn start(mut command: Command, port: u16) -> Process {
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while !answers(address) {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not answer");
            std::hint::spin_loop();
        }
        Process { child, port, ready: begun.elapsed() }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// This process and those it started.
    fn family(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
    }

    fn resident_megabytes(&self) -> f64 {
        let resident = |pid: u32| -> Option<f64> {
            // Pages that both processes map count once.
            let status = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            status.lines().find(|line| line.starts_with("Pss:"))?.split_whitespace().nth(1)?.parse().ok()
        };
        self.family().into_iter().filter_map(resident).sum::<f64>() / 1024.0
    }

    /// Processor time used so far, in microseconds.
    fn cpu_micros(&self) -> f64 {
        const TICK_MICROS: f64 = 10_000.0;
        let ticks = |pid: u32| -> Option<f64> {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
            Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
        };
        self.family().into_iter().filter_map(ticks).sum::<f64>() * TICK_MICROS
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Whether an HTTP request is answered: a port is bound before anybody serves it.
fn answers(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = format!("GET / HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", address.port());
    stream.write_all(request.as_bytes()).is_ok() && stream.read(&mut [0; 16]).is_ok_and(|read| read > 0)
}

fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn basic(id: &str, secret: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded: String = format!("{id}:{secret}")
        .as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let word = chunk.iter().enumerate().fold(0u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
            let length = chunk.len();
            (0..4).map(move |index| if index <= length { char::from(ALPHABET[(word >> (18 - 6 * index)) as usize & 63]) } else { '=' })
        })
        .collect();
    format!("Basic {encoded}")
}

/// What one durable write costs here.
pub(crate) fn fdatasync_micros() -> f64 {
    use std::io::Write;
    let path = std::env::temp_dir().join(format!("keyhook-bench-sync-{}", std::process::id()));
    let mut file = std::fs::File::create(&path).unwrap();
    let times = (0..200)
        .map(|_| {
            file.write_all(&[0; 4096]).unwrap();
            let begun = Instant::now();
            file.sync_data().unwrap();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    let _ = std::fs::remove_file(path);
    super::median(times)
}
