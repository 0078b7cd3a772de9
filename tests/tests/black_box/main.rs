//! The black-box tests: everything here speaks to a running server over a socket, or to the binary over its command line.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod author_minute;
mod authorize;
mod browser;
mod client_auth;
mod commands;
mod consent;
mod crash;
mod edge;
mod interop;
mod introspection;
mod metadata;
mod races;
mod readme;
mod redirect;
mod refresh;
mod revocation;
mod sessions;
mod token;
