//! The harness of the black-box tests: a server, a raw HTTP client, a person who signs in, and plugins built on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "a test fails by panicking")]

pub mod back_channel;
pub mod binary;
pub mod canaries;
pub mod captured;
pub mod consumer;
pub mod crash;
pub mod crowd;
pub mod cut;
pub mod flow;
#[cfg(doctest)]
pub mod guide;
pub mod h2;
pub mod http;
pub mod keep_alive;
pub mod libraries;
pub mod load;
pub mod local;
pub mod pair;
pub mod plugin_table;
pub mod production;
pub mod resident;
pub mod scratch;
pub mod signing;
pub mod size;
pub mod stage;
pub mod steady;

pub use keyhook_evidence as evidence;
