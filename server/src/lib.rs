//! keyhook: an OAuth authorization server that people extend by dropping a library into a folder.
//!
//! The binary is this library with a command line. A program embeds it:
//!
//! ```no_run
//! use keyhook::{Client, RedirectUri, Server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut shop = Client::public("shop", "The shop");
//! shop.redirect_uris = vec![RedirectUri::parse("https://shop.example/callback")?];
//! Server::builder()
//!     .issuer("https://login.example")
//!     .behind_proxy()
//!     .port(8080)
//!     .plugins_directory("plugins")
//!     .handlers_directory("handlers")
//!     .data("/var/lib/shop-login")
//!     .master_key("/etc/shop-login/master.key")
//!     .client(shop)
//!     .build()?
//!     .run()?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("keyhook contains the panics of plugins and therefore needs panic = \"unwind\"");

mod admin;
mod audit;
mod builder;
mod certificates;
mod cli;
mod commands;
mod config;
mod dev;
mod explain;
mod failure;
mod foundation;
mod generation;
mod given;
mod health;
mod keys;
mod live;
mod logging;
mod nearest;
mod notify;
mod operations;
#[cfg(test)]
mod operations_page;
mod output;
mod plugin_status;
mod plugins;
mod purge;
mod registrar;
mod reloads;
mod running;
mod scaffold;
mod seed;
mod server;
mod service;
mod settings;
mod standard;
mod stores;
mod succession;
mod system;
#[cfg(test)]
mod testing;

pub use builder::Builder;
pub use failure::{Exit, Failure};
pub use keyhook_builtin::oauth1;
pub use keyhook_component as component;
pub use keyhook_core::client::Client;
pub use keyhook_core::redirect::RedirectUri;
pub use keyhook_core::scope::Scope;
pub use keyhook_edge::Peer;
pub use running::Running;
pub use server::Server;
pub use service::{Mount, MountLayer, Nested, Service};
pub use system::{SystemClock, SystemRandom};

use std::process::ExitCode;

use clap::Parser as _;

/// The command line: reads arguments, runs a command, turns its failure into a message on stderr and an exit status.
pub fn main() -> ExitCode {
    #[cfg(feature = "fail-points")]
    if let Some(point) = system::variable("FAIL_POINT") {
        keyhook_component::fail_point::arm(&point);
    }
    // clap prints help and usage errors itself and exits with 0 and 2.
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit() as u8)
        }
    }
}
