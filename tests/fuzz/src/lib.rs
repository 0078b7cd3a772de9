//! What the targets share: how an input is cut into parts, and the readers that are written a second time, to compare with.
//!
//! A target is a function of bytes that panics if a property does not hold. `fuzz_targets/` hands it to libFuzzer,
//! `tests/replay.rs` runs it over the inputs that are kept in `corpus/`.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::missing_panics_doc, reason = "a target fails by panicking")]

#[cfg(feature = "server")]
pub mod answers;
pub mod decode;
pub mod parts;
pub mod requests;
pub mod stage;
pub mod targets;
