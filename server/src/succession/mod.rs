//! One server takes over from another without refusing a connection: the listening sockets change hands over the admin socket.
//!
//! The new process pulls: it asks the one that runs for its sockets ([`Predecessor`]), starts, and says that it serves; only then
//! the old one stops ([`Handover`]). Whatever fails before that leaves the old one as it was. Decision record:
//! `docs/adr/restart-hands-sockets-over.md`.

mod activation;
mod descriptors;
mod handover;
mod launch;
mod predecessor;

pub(crate) use activation::{refuse_strangers, sockets as activated};
pub(crate) use handover::Handover;
pub(crate) use launch::Launch;
pub(crate) use predecessor::Predecessor;

use std::time::Duration;

/// How long a new process may take from its start until it serves; shorter than the patience of `keyhook restart`.
const PATIENCE: Duration = Duration::from_secs(50);

#[cfg(test)]
mod tests;
