//! `keyhook dev` is two processes: this one watches the other, which serves.
//!
//! A plugin that kills the process (a wild pointer, `abort`) takes the server with it, not this process: it names the plugin that
//! was running, leaves it out, and starts the server again. The server ends by itself when this process is gone: its standard
//! input closes.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Tells the server that it is watched.
pub(crate) const SUPERVISED: &str = "KEYHOOK_DEV_SUPERVISED";
/// Exit code by which the server asks to be started anew: it has loaded so many generations that a fresh process is due.
pub(crate) const AGAIN: i32 = 75;
/// Deaths in a row after which it gives up.
const PATIENCE: u32 = 5;

/// Runs the server again and again until it ends by itself. Gives its exit code.
///
/// `running` is the file in which the server notes which plugin's code is running; see [`super::running`].
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn supervise(program: &Path, arguments: &[std::ffi::OsString], running: &Path) -> std::io::Result<u8> {
    let mut left_out = BTreeSet::new();
    let mut deaths = 0;
    loop {
        let _ = std::fs::remove_file(running);
        let mut server = Command::new(program);
        server.args(arguments).env(SUPERVISED, "1").stdin(Stdio::piped());
        for plugin in &left_out {
            server.arg("--leave-out").arg(plugin);
        }
        let status = server.spawn()?.wait()?;
        match status.code() {
            Some(AGAIN) => deaths = 0,
            Some(code) => return Ok(u8::try_from(code).unwrap_or(1)),
            None => {
                deaths += 1;
                let suspects = super::running::suspects(running);
                let new: Vec<&String> = suspects.iter().filter(|suspect| !left_out.contains(*suspect)).collect();
                tell(status, &new);
                if new.is_empty() || deaths >= PATIENCE {
                    return Ok(1);
                }
                left_out.extend(suspects);
            }
        }
    }
}

#[allow(clippy::print_stderr, reason = "this process has no log: it only tells why the server died")]
fn tell(status: ExitStatus, suspects: &[&String]) {
    let signal = status.signal().map_or_else(|| "no signal".to_owned(), name);
    if suspects.is_empty() {
        eprintln!("error[KH0512]: the server was ended by {signal}, and no plugin's code was running");
        return;
    }
    for suspect in suspects {
        eprintln!("error[KH0511]: plugin `{suspect}` ended the server by {signal}; the server starts again without it");
        eprintln!("  = help: mend it and save: a rebuilt library is tried again");
    }
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
