//! `keyhook serve`: production, strict.

use crate::cli::{Global, ServeFlags};
use crate::failure::Failure;
use crate::logging;
use crate::server::Server;

/// Serves until a signal.
///
/// # Errors
/// Everything that keeps it from starting.
pub(crate) fn run(global: &Global, flags: &ServeFlags) -> Result<(), Failure> {
    let server = Server::from_layers(super::layers(global, flags))?;
    logging::start(&server.config.log);
    server.run()
}
