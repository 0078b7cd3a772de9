//! The token, introspection, revocation and metadata endpoints over a memory store, without sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod client_credentials;
mod support;
