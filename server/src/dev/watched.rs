//! What `keyhook dev` watches beside the sources of a plugin, as it looked before it was read.

use std::path::PathBuf;

use super::watch::{Looks, looks};
use crate::config::USUAL;
use crate::server::Server;

/// Folders and files with their looks.
#[derive(Default)]
pub(crate) struct Watched {
    /// The folders with plugins and URL handlers.
    pub(crate) folders: Vec<PathBuf>,
    /// Their libraries.
    pub(crate) libraries: Looks,
    /// The configuration files, also one that is not there yet.
    pub(crate) files: Vec<PathBuf>,
    /// What they looked like.
    pub(crate) configuration: Looks,
}

impl Watched {
    /// What a server that was configured just now reads.
    pub(crate) fn of(server: &Server) -> Watched {
        let folders = [server.config.plugins.directories.clone(), server.config.plugins.handlers.clone()].concat();
        let mut files = server.layers.files.clone();
        if files.is_empty() {
            files.push(PathBuf::from(USUAL));
        }
        Watched { libraries: looks(&folders, keyhook_host::scan::is_library), configuration: looks(&files, |_| true), folders, files }
    }
}
