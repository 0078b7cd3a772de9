//! A server process on a core of its own: when it answers, what it uses.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{Address, Line, Trust};

/// What the kernel counts processor time in.
pub(crate) const TICK_MICROS: f64 = 10_000.0;

/// Longest start.
const PATIENCE: Duration = Duration::from_mins(2);

/// A process and those it started; they end with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    port: u16,
    /// From its start to the first answer.
    pub(crate) ready: Duration,
}

impl Process {
    /// Starts it on the server's core and waits for its first answer; with TLS, for its first handshake.
    pub(crate) fn start(program: &Path, port: u16, trust: Option<&Trust>, with: impl FnOnce(&mut Command)) -> Process {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        with(&mut command);
        let begun = Instant::now();
        let mut process = Process { child: command.spawn().unwrap(), port, ready: Duration::ZERO };
        while !process.answers(trust) {
            let ended = process.child.try_wait().unwrap();
            assert!(ended.is_none(), "{} ended at its start: {ended:?}", program.display());
            assert!(begun.elapsed() < PATIENCE, "{} does not answer", program.display());
            std::hint::spin_loop();
        }
        process.ready = begun.elapsed();
        process
    }

    /// Whether anything is answered: a port is bound before anybody serves it.
    fn answers(&self, trust: Option<&Trust>) -> bool {
        if trust.is_some() {
            return Line::open(&Address { socket: self.address(), trust: trust.cloned() }).is_ok();
        }
        let Ok(mut stream) = TcpStream::connect(self.address()) else { return false };
        let request =
            format!("GET /.well-known/oauth-authorization-server HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", self.port);
        let asked = stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok() && stream.write_all(request.as_bytes()).is_ok();
        asked && stream.read(&mut [0; 16]).is_ok_and(|read| read > 0)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// This process and those below it.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = family.get(next) {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            next += 1;
        }
        family
    }

    /// Proportional set size in KiB: pages that several processes map count once.
    pub(crate) fn memory_kib(&self) -> f64 {
        let proportional = |pid: u32| -> Option<f64> {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            rollup.lines().find(|line| line.starts_with("Pss:"))?.split_whitespace().nth(1)?.parse().ok()
        };
        self.family().into_iter().filter_map(proportional).sum()
    }

    /// Processor time used so far, in microseconds, to the tick.
    pub(crate) fn cpu_micros(&self) -> f64 {
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

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
