//! The hidden command that loads a library in a child process, so that what dies while it is loaded dies here.

use std::path::Path;
use std::sync::Arc;

use crate::failure::{Exit, Failure};
use crate::system::{SystemClock, SystemRandom};

/// # Errors
/// When the library was refused; the report on standard output says why.
pub(crate) fn run(library: &Path) -> Result<(), Failure> {
    match keyhook_host::probe::child(library, Arc::new(SystemClock), Arc::new(SystemRandom)) {
        0 => Ok(()),
        _ => Err(Failure::new("KH0515", Exit::Failed, "the library was refused")),
    }
}
