//! `keyhook dev` is two processes: this one watches the other, which serves.
//!
//! A plugin that kills the process (a wild pointer, `abort`) takes the server with it, not this process: it names the plugin that
//! was running, leaves it out, and starts the server again. The server ends by itself when this process is gone: its standard
//! input closes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::running::suspects;

/// Exit code by which the server asks to be started anew: it has loaded so many generations that a fresh process is due.
pub(crate) const AGAIN: u8 = 75;
/// Deaths within [`MEMORY`] after which it gives up.
const PATIENCE: usize = 5;
/// How long a death counts.
const MEMORY: Duration = Duration::from_mins(1);

/// Runs the server again and again until it ends by itself or is told to. Gives its exit code.
///
/// `notes` is the file in which the server notes which plugin's code is running; see [`super::running`].
///
/// # Errors
/// When the program cannot be started or signals cannot be received.
pub(crate) async fn supervise(program: &Path, arguments: &[OsString], notes: &Path) -> std::io::Result<u8> {
    let mut left_out = BTreeSet::new();
    let mut deaths: Vec<Instant> = Vec::new();
    loop {
        let _ = std::fs::remove_file(notes);
        let mut server = Command::new(program);
        // A group of its own: Ctrl-C reaches this process alone, which passes it on once. A second one would mean "at once".
        server.args(arguments).arg("--supervised").stdin(Stdio::piped()).process_group(0);
        for plugin in &left_out {
            server.arg("--leave-out").arg(plugin);
        }
        let (status, was_told) = wait(server.spawn()?).await?;
        let suspects = suspects(notes);
        match status.code() {
            Some(code) if code == i32::from(AGAIN) => continue,
            // A plugin may also call `exit`; a server that stops leaves nobody inside.
            Some(code) if was_told || code == 0 || suspects.is_empty() => return Ok(u8::try_from(code).unwrap_or(1)),
            // Told before it could listen.
            None if was_told => return Ok(0),
            _ => {}
        }
        let new: Vec<String> = suspects.into_iter().filter(|suspect| !left_out.contains(suspect)).collect();
        deaths.retain(|death| death.elapsed() < MEMORY);
        deaths.push(Instant::now());
        let goes_on = !new.is_empty() && deaths.len() < PATIENCE;
        tell(status, &new, goes_on);
        if !goes_on {
            return Ok(1);
        }
        left_out.extend(new);
    }
}

/// Waits for the server's end; SIGINT and SIGTERM are passed on. Says whether there was one.
async fn wait(mut server: Child) -> std::io::Result<(ExitStatus, bool)> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let id = server.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // Held until the end: when it closes the server takes it that this process is gone.
    let _lifeline = server.stdin.take();
    let mut was_told = false;
    loop {
        let told = tokio::select! {
            status = server.wait() => return Ok((status?, was_told)),
            _ = interrupt.recv() => Signal::INT,
            _ = terminate.recv() => Signal::TERM,
        };
        was_told = true;
        if let Some(id) = id {
            let _ = kill_process(id, told);
        }
    }
}

#[allow(clippy::print_stderr, reason = "this process has no log: it only tells why the server died")]
fn tell(status: ExitStatus, suspects: &[String], goes_on: bool) {
    let how = status.signal().map_or_else(|| status.to_string(), name);
    if suspects.is_empty() {
        eprintln!("error[KH0541]: the server was ended by {how}, and no plugin's code was running");
        return;
    }
    let next = if goes_on { "the server starts again without it" } else { "this is too often; the server does not start again" };
    for suspect in suspects {
        let plugin = suspect.split_once('@').map_or(suspect.as_str(), |(name, _)| name);
        eprintln!("error[KH0540]: plugin `{plugin}` ended the server by {how}; {next}");
    }
    eprintln!("   = help: mend it and save: a rebuilt library is tried again");
}

fn name(signal: i32) -> String {
    match signal {
        4 => "SIGILL".into(),
        6 => "SIGABRT".into(),
        7 => "SIGBUS".into(),
        8 => "SIGFPE".into(),
        9 => "SIGKILL".into(),
        11 => "SIGSEGV".into(),
        other => format!("signal {other}"),
    }
}
