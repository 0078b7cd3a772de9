//! The grants, endpoints, client authentication, pages and hooks that ship with keyhook, written with the traits that a stranger's
//! crate would use and registered with the same line.
#![forbid(unsafe_code)]

mod client_auth;
mod commit;
pub mod endpoints;
mod family;
pub mod grants;
mod mint;
mod token_hooks;
mod token_kh;
