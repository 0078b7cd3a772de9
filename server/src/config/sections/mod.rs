//! One file per section of `keyhook.toml`: its keys, their defaults and what is refused.

mod grants;
mod hooks;
mod keys;
mod log;
mod login;
mod oauth1;
mod paths;
mod plugins;
mod server;
mod store;
mod tokens;

pub(crate) use grants::Grants;
pub(crate) use hooks::HookOrder;
pub(crate) use keys::Keys;
pub(crate) use log::{Log, LogFormat};
pub(crate) use login::Login;
pub(crate) use plugins::{PluginTable, Plugins, Trust};
pub(crate) use server::{Limits, Management, Server, TlsDecision};
pub(crate) use store::{GroupStore, StoreMap, group_name, not_built_in};
pub(crate) use tokens::Tokens;

pub(crate) use {hooks::read as read_hooks, oauth1::read as read_oauth1, paths::read as read_paths};
