//! What is measured: the bare server, keyhook, and the processes they run in.

pub(crate) mod bare;
pub(crate) mod certificate;
pub(crate) mod folder;
pub(crate) mod guarded;
pub(crate) mod keyhook;
pub(crate) mod libraries;
pub(crate) mod process;
pub(crate) mod refill;

pub(crate) use bare::Bare;
pub(crate) use folder::Folder;
pub(crate) use guarded::Guarded;
pub(crate) use keyhook::{Keyhook, Setup};
pub(crate) use process::Process;
