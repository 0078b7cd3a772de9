//! `keyhook plugin …`: begin, look at, approve and list plugins.

mod approve;
mod check;
mod examine;
mod list;
mod new;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::Global;
use crate::failure::Failure;

/// `keyhook plugin …`
#[derive(Subcommand)]
pub(crate) enum PluginCommand {
    /// Begin a plugin: a crate with passing tests, and the SDK beside it
    New(New),
    /// List the plugins with hooks, routes, calls and errors
    List,
    /// Check a library without running it in this process
    Check {
        /// The library
        file: PathBuf,
    },
    /// Record that a library may run in production
    Approve(Approve),
    /// Take an approval back
    Revoke(Revoke),
}

/// `keyhook plugin new`
#[derive(Args)]
pub(crate) struct New {
    /// Name of the crate, the folder and the plugin
    name: String,
    /// Begin with a login page: the same as `--hook authorization_GET`
    #[arg(long, conflicts_with = "hook")]
    login: bool,
    /// Begin with this hook
    #[arg(long, value_name = "HOOK", value_parser = new::HOOKS, default_value = new::HOOKS[0])]
    hook: String,
}

/// `keyhook plugin approve`
#[derive(Args)]
#[command(group = clap::ArgGroup::new("libraries").required(true))]
pub(crate) struct Approve {
    /// A library, or the name of a plugin in one of the folders
    #[arg(group = "libraries", value_name = "FILE|NAME")]
    what: Option<String>,
    /// Every library in the folders
    #[arg(long, group = "libraries")]
    all: bool,
    /// The lock to write [default: the configuration's]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

/// `keyhook plugin revoke`
#[derive(Args)]
pub(crate) struct Revoke {
    /// The plugin's name
    name: String,
    /// The lock to write [default: the configuration's]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

/// Runs one of the commands.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(global: &Global, command: PluginCommand) -> Result<(), Failure> {
    match command {
        PluginCommand::New(flags) => new::run(&flags),
        PluginCommand::List => list::run(global),
        PluginCommand::Check { file } => check::run(global, &file),
        PluginCommand::Approve(flags) => approve::run(global, &flags),
        PluginCommand::Revoke(flags) => approve::revoke(global, &flags),
    }
}
