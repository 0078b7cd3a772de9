//! The black-box tests: everything here speaks to a running server over a socket, or to the binary over its command line.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ancestors;
mod author_minute;
mod authorize;
mod bad_files;
mod browser;
mod c_hook;
mod client_auth;
mod commands;
mod configuration;
mod connections;
mod consent;
mod crash;
mod custom_hooks;
mod dev_configuration;
mod edge;
mod handlers;
mod hostile;
mod interop;
mod introspection;
mod metadata;
mod misbehaving;
mod misbehaving_binary;
mod misfit;
mod plugins;
mod races;
mod readme;
mod redirect;
mod refresh;
mod refusals;
mod reload;
mod restart;
mod revocation;
mod secrets;
mod sessions;
mod token;
