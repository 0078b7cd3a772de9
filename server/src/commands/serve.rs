//! `keyhook serve`: production, strict.

use crate::admin::SOCKET;
use crate::cli::{Global, Serve};
use crate::config::Config;
use crate::failure::Failure;
use crate::logging;
use crate::server::Server;
use crate::succession::{Launch, Predecessor};

/// Serves until a signal.
///
/// # Errors
/// Everything that keeps it from starting.
pub(crate) fn run(global: &Global, flags: &Serve) -> Result<(), Failure> {
    let layers = super::layers(global, &flags.flags);
    let loaded = Server::from_layers(layers.clone());
    if let (Err(failure), true) = (&loaded, flags.take_over) {
        Predecessor::inform(&Config::data_folder_of(layers).join(SOCKET), failure);
    }
    let mut server = loaded?;
    server.launch = Launch::of_this_process();
    server.takes_over = flags.take_over;
    logging::start(&server.config.log);
    server.run()
}
