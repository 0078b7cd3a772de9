//! keyhook: an OAuth authorization server that people extend by dropping a library into a folder.
#![forbid(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("keyhook contains the panics of plugins and therefore needs panic = \"unwind\"");

mod audit;
mod config;
mod failure;
mod keys;
mod logging;
mod nearest;
mod system;
#[cfg(test)]
mod testing;
