//! The admin socket: the command line speaks to a running server, one JSON object per line, one line per answer.
//!
//! The socket lies in the data folder, only its owner may open it, and the server asks the kernel who came: the server's own user
//! and root are answered, nobody else.

mod client;
mod listener;
mod wire;

pub(crate) use client::{call, runs};
pub(crate) use listener::AdminSocket;
pub(crate) use wire::Answer;

pub(crate) use crate::operations::Operation;

/// The socket's name in the data folder.
pub(crate) const SOCKET: &str = "admin.sock";

#[cfg(test)]
mod tests;
