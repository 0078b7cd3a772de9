//! An API with the server in its own process: the program of `keyhook-bench-guarded`.

use std::sync::Arc;

use super::keyhook::{CONSUMER, binary};
use super::process::free_port;
use super::{Folder, Keyhook, Process};
use crate::client::Address;
use crate::client::signed::{Signing, To};

/// The API.
pub(crate) struct Guarded {
    /// The process.
    pub(crate) process: Process,
    _folder: Folder,
    port: u16,
}

impl Guarded {
    /// Starts it in the place of a server, with the folder of that one.
    pub(crate) fn instead_of(keyhook: Keyhook) -> Guarded {
        let folder = keyhook.into_folder();
        let (program, port) = (binary().with_file_name("keyhook-bench-guarded"), free_port());
        let process = Process::start(&program, port, None, |command| {
            command.arg(port.to_string()).current_dir(folder.path());
        });
        Guarded { process, _folder: folder, port }
    }

    /// How clients reach it.
    pub(crate) fn address(&self) -> Address {
        Address { socket: self.process.address(), trust: None }
    }

    /// What they sign.
    pub(crate) fn signing(&self, secret: &str) -> Arc<Signing> {
        Signing::new(To::Api(format!("localhost:{}", self.port)), CONSUMER, secret)
    }
}
