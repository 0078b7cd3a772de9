//! The command line's end of the admin socket.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::wire::{Answer, LONGEST};
use crate::failure::{Exit, Failure};
use crate::operations::Operation;

/// How long an answer may take; a reload loads plugins.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks the server at `path`; `None` when none runs there.
///
/// # Errors
/// What the server answered, or why it did not.
pub(crate) fn call(path: &Path, operation: &Operation) -> Result<Option<Value>, Failure> {
    let mut stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => {
            let exit = if error.kind() == ErrorKind::PermissionDenied { Exit::NotPermitted } else { Exit::Unreachable };
            let failure = Failure::new("KH0161", exit, format!("the server's admin socket {} cannot be opened: {error}", path.display()));
            return Err(failure.help("run the command as the server's user or as root"));
        }
    };
    converse(&mut stream, operation).map_err(|error| {
        Failure::new("KH0162", Exit::Unreachable, format!("the server at {} did not answer: {error}", path.display()))
            .help("see the server's log; what was asked may have been done")
    })?
}

/// Whether a server listens at `path`.
pub(crate) fn runs(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

fn converse(stream: &mut UnixStream, operation: &Operation) -> std::io::Result<Result<Option<Value>, Failure>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(operation)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut answer)?;
    Ok(serde_json::from_str::<Answer>(&answer)?.into_result().map(Some))
}
