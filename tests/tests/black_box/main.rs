//! The black-box tests: everything here speaks to a running server over a socket, or to the binary over its command line.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authorize;
mod browser;
mod client_auth;
mod consent;
mod edge;
mod interop;
mod introspection;
mod metadata;
mod readme;
mod redirect;
mod refresh;
mod revocation;
mod sessions;
mod token;
