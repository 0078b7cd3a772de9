//! How this process was started, so that another can be started the same way.

use std::ffi::OsString;

use tokio::process::{Child, Command};

use crate::system;

/// The flag of a process that takes over.
const TAKE_OVER: &str = "--take-over";

/// A command line.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    program: OsString,
    arguments: Vec<OsString>,
}

impl Launch {
    /// That of this process. The program is found again by the name it was called by: behind it there may be a newer one.
    pub(crate) fn of_this_process() -> Option<Launch> {
        let mut words = system::command_line();
        let program = words.next()?;
        Some(Launch { program, arguments: words.filter(|word| word != TAKE_OVER).collect() })
    }

    /// Starts a successor in the same folder, with the same environment, output and user. It outlives whoever started it.
    ///
    /// # Errors
    /// When there is no such program, or no process is to be had.
    pub(super) fn start(&self) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(TAKE_OVER);
        for handed in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            command.env_remove(handed);
        }
        command.spawn()
    }

    /// The program, for messages.
    pub(super) fn shown(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    #[cfg(test)]
    pub(super) fn of(program: &str) -> Launch {
        Launch { program: program.into(), arguments: Vec::new() }
    }
}
