//! Tries a library in a child process first: what dies while it is loaded dies there.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keyhook_component::system::{Clock, Random};
use serde::{Deserialize, Serialize};

use crate::ffi::HostTable;
use crate::inspect::inspect;
use crate::loader;
use crate::memory_copy::MemoryCopy;
use crate::refusal::Refusal;
use crate::snapshot::{Digest, Snapshot};
use crate::table::Description;

/// How long a library may take to load.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest report that is read.
const REPORT_BYTES: u64 = 1 << 20;
/// What the report's line starts with: a library's constructors may print, too.
const MARK: &str = "keyhook-probe ";
/// Where the child finds the library: its standard input.
const CHILD_PATH: &str = "/proc/self/fd/0";

/// How libraries are tried.
#[derive(Clone, Debug)]
pub enum Probe {
    /// Runs `program arguments… /proc/self/fd/0`, which calls [`child`].
    Child {
        /// The server's own binary.
        program: PathBuf,
        /// What makes it a probe: `["__probe"]`.
        arguments: Vec<String>,
    },
    /// There is nobody to do it; only approved libraries load.
    Unavailable,
}

/// What a child says of a library.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    plugins: Vec<Description>,
    refused: Option<Refusal>,
}

impl Probe {
    /// Loads the copy in a child and reads what it registers.
    ///
    /// # Errors
    /// [`Refusal::Probe`].
    pub(crate) fn run(&self, copy: &MemoryCopy) -> Result<Vec<Description>, Refusal> {
        let Probe::Child { program, arguments } = self else {
            return Err(Refusal::Probe("there is no probe here, so that only approved libraries load".into()));
        };
        let failed = |error: std::io::Error| Refusal::Probe(format!("the child could not be started: {error}"));
        let library = copy.reopen().map_err(failed)?;
        let mut child = Command::new(program)
            .args(arguments)
            .arg(CHILD_PATH)
            .stdin(Stdio::from(library))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let report = read_report(&mut child);
        // Harmless where it has ended; a child whose library started threads is not waited for.
        let _ = child.kill();
        let status = child.wait().map_err(failed)?;
        match report {
            Some(said) => match said.refused {
                Some(refusal) => Err(refusal),
                None => Ok(said.plugins),
            },
            None if status.code().is_some() => Err(Refusal::Probe(format!("the child ended without a report ({status})"))),
            None => Err(Refusal::Probe(format!("the child died or took more than {} s ({status})", LIMIT.as_secs()))),
        }
    }
}

/// The report, `None` when the child ends or the time is over before there is one.
fn read_report(child: &mut Child) -> Option<Said> {
    let stdout = child.stdout.take()?;
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout.take(REPORT_BYTES)));
        let report = lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(MARK).map(str::to_owned));
        // Nobody listens after the limit.
        let _ = send.send(report);
    });
    let line = receive.recv_timeout(LIMIT).ok().flatten()?;
    serde_json::from_str(&line).ok()
}

/// What the child does: loads the library at `path`, prints the report, and says with which code to exit.
pub fn child(path: &Path, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> i32 {
    let tried = try_library(path, clock, random);
    let said = match tried {
        Ok(plugins) => Said { plugins, refused: None },
        Err(refusal) => Said { plugins: Vec::new(), refused: Some(refusal) },
    };
    let refused = said.refused.is_some();
    let report = serde_json::to_string(&said).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let written = std::io::Write::write_all(&mut out, format!("\n{MARK}{report}\n").as_bytes());
    let flushed = written.and_then(|()| std::io::Write::flush(&mut out));
    i32::from(refused || flushed.is_err())
}

fn try_library(path: &Path, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Vec<Description>, Refusal> {
    let bytes = std::fs::read(path).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    inspect(&bytes)?;
    let digest = Digest(keyhook_core::crypto::sha256(&bytes));
    let snapshot = Snapshot { path: path.to_owned(), bytes, digest, warnings: Vec::new() };
    let private = std::env::temp_dir().join(format!("keyhook-probe-{}", std::process::id()));
    let copy = Box::leak(Box::new(MemoryCopy::of(&snapshot, Some(&private))?));
    let loaded = loader::load(copy, path, HostTable::leak("probe", clock, random))?;
    Ok(loaded.into_iter().map(|plugin| plugin.description).collect())
}
