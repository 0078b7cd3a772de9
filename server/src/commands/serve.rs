//! `keyhook serve`: production, strict.

use crate::cli::{Global, ServeFlags};
use crate::config::{Layers, Mode, Table, locate};
use crate::failure::Failure;
use crate::server::Server;
use crate::{given, logging, system};

/// Serves until a signal.
///
/// # Errors
/// Everything that keeps it from starting.
pub(crate) fn run(global: &Global, flags: &ServeFlags) -> Result<(), Failure> {
    let environment = system::environment();
    let layers = Layers {
        mode: Mode::Serve,
        base: Table::new(),
        files: locate(&global.config, &environment),
        texts: Vec::new(),
        environment,
        given: given::from_flags(global, flags),
    };
    let server = Server::from_layers(layers)?;
    logging::start(&server.config.log);
    server.run()
}
