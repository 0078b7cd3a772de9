//! The grants, endpoints, client authentication, pages and hooks that ship with keyhook, written with the traits that a stranger's
//! crate would use and registered with the same line.
#![forbid(unsafe_code)]

mod approve;
mod attempts;
mod authorization_hooks;
mod client_auth;
mod commit;
mod consent;
mod cookies;
pub mod endpoints;
mod explain;
mod family;
mod flow;
pub mod formats;
pub mod grants;
mod implicit;
mod interaction;
pub mod kh;
mod leave;
mod mint;
pub mod oauth1;
pub mod pages;
pub mod password;
mod plugin_assertion;
mod plugin_grant;
mod refresh_lookup;
mod reuse;
mod session;
mod sign_in;
mod signing;
mod token_hooks;
mod token_kh;
mod watched_hooks;

pub use pages::BuiltinPages;
pub use password::hash_password;
