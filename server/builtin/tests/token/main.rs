//! The token, introspection, revocation and metadata endpoints over a memory store, without sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod authorization_code;
mod client_credentials;
mod doubles;
mod formats;
mod hooks;
mod introspect;
mod metadata;
mod oauth1;
mod oauth1_hooks;
mod oauth1_keys;
mod password;
mod provided;
mod races;
mod refresh_token;
mod revoke;
mod support;
