//! The server before this one, as the one that takes over sees it.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use super::{PATIENCE, descriptors};
use crate::admin::{Answer, Operation};
use crate::failure::{Exit, Failure};

/// A running server that has handed its sockets over and waits to hear how it went. Dropped without a word, it serves on.
pub(crate) struct Predecessor {
    stream: UnixStream,
}

impl Predecessor {
    /// Asks the server that listens at `path` for its sockets; `None` when none runs there. Blocks.
    ///
    /// # Errors
    /// When it refuses, or speaks another language.
    pub(crate) fn find(path: &Path) -> Result<Option<(Predecessor, Vec<TcpListener>)>, Failure> {
        let Ok(stream) = UnixStream::connect(path) else { return Ok(None) };
        let failed = |error: std::io::Error| {
            Failure::new("KH0171", Exit::Failed, format!("the server that runs at {} does not hand over: {error}", path.display()))
                .help("stop it, then start this one without --take-over")
        };
        let predecessor = Predecessor { stream };
        let answer = predecessor.ask(&Operation::HandOver {}).map_err(failed)??;
        let count = answer["sockets"].as_u64().unwrap_or(0);
        let receive = |_| descriptors::receive(&predecessor.stream).map(TcpListener::from);
        let sockets = (0..count).map(receive).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
        Ok(Some((predecessor, sockets)))
    }

    /// Tells the server at `path`, if one runs, why the process that was to take over does not even ask. Blocks.
    pub(crate) fn inform(path: &Path, failure: &Failure) {
        if let Ok(Some((predecessor, _))) = Predecessor::find(path) {
            predecessor.failed(failure);
        }
    }

    /// Says that this process serves; the other one stops.
    pub(crate) fn serves(self) {
        let heard = self.tell(Ok(Value::Null)).and_then(|()| descriptors::line(&self.stream));
        if let Err(error) = heard {
            tracing::warn!(%error, "the server before this one is gone before it was told");
        }
    }

    /// Says why this process does not start; the other one serves on.
    pub(crate) fn failed(self, failure: &Failure) {
        // Whoever does not hear it sees that the connection ends.
        let _ = self.tell(Err(failure.clone()));
    }

    fn ask(&self, operation: &Operation) -> std::io::Result<Result<Value, Failure>> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.write(&serde_json::to_vec(operation)?)?;
        Ok(serde_json::from_str::<Answer>(&descriptors::line(&self.stream)?)?.into_result())
    }

    fn tell(&self, result: Result<Value, Failure>) -> std::io::Result<()> {
        self.write(&serde_json::to_vec(&Answer::from(result))?)
    }

    fn write(&self, line: &[u8]) -> std::io::Result<()> {
        (&self.stream).write_all(&[line, b"\n"].concat())
    }
}
