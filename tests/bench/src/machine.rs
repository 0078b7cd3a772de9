//! What the figures depend on: the disk, the processor, the day, the commit.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::race::median;

/// Above this many microseconds for one durable write, rates say more about the disk than about a server.
const SLOW_DISK_MICROS: f64 = 1000.0;

/// A quiet machine has a load below this.
const BUSY: f64 = 1.0;

/// Where and when.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Median microseconds of one `fdatasync` after 4 KiB.
    pub(crate) fdatasync_micros: f64,
    /// The processor's name and the number of cores.
    pub(crate) processor: String,
    /// The day in UTC.
    pub(crate) date: String,
    /// The commit.
    pub(crate) commit: String,
    /// How many tasks wanted a core in the minute before.
    pub(crate) load: f64,
}

impl Machine {
    /// Looks at this one; `folder` is on the disk that counts.
    pub(crate) fn look(folder: &Path) -> Machine {
        let date = said("date", &["-u", "+%F"]);
        Machine { load: load(), fdatasync_micros: fdatasync_micros(folder), processor: processor(), date, commit: commit() }
    }

    /// Whether others used the machine, too.
    pub(crate) fn is_busy(&self) -> bool {
        self.load > BUSY
    }

    /// Whether only processor time may be compared.
    pub(crate) fn has_slow_disk(&self) -> bool {
        self.fdatasync_micros > SLOW_DISK_MICROS
    }
}

fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

fn commit() -> String {
    let changed = said("git", &["--no-optional-locks", "status", "--porcelain", "--", "server", "plugin-api", "Cargo.lock"]);
    said("git", &["rev-parse", "--short", "HEAD"]) + if changed.is_empty() { "" } else { " with changes" }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map_or("unknown", |(_, name)| name.trim());
    let cores = text.lines().filter(|line| line.starts_with("processor")).count();
    let sha = if text.contains(" sha_ni") { "with SHA-NI" } else { "without SHA-NI" };
    format!("{name} {sha}, {cores} cores")
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn fdatasync_micros(folder: &Path) -> f64 {
    let path = folder.join(format!("keyhook-bench-sync-{}", std::process::id()));
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
    median(times)
}
