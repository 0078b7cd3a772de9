//! `keyhook import …`: what other systems know of clients and tokens becomes ours.

mod clients;
mod destination;
mod oauth1;
mod python_oauth2;
mod report;
mod url;

use clap::Subcommand;

use crate::cli::Global;
use crate::failure::{Exit, Failure};

/// `keyhook import …`
#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// Clients, access tokens and refresh tokens of python-oauth2, out of its MySQL tables, MongoDB collections or Redis keys
    #[command(name = "python-oauth2")]
    PythonOauth2(Box<python_oauth2::Import>),
    /// Consumers of cycloauth, out of its MongoDB collections
    Cycloauth(oauth1::FromCycloauth),
    /// Consumers and access tokens of repoze.who.plugins.oauth, out of its MySQL tables
    Repoze(oauth1::FromRepoze),
}

/// # Errors
/// Why nothing could be read or written, by its code.
pub(crate) fn run(global: &Global, command: &ImportCommand) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("no runtime can be started: {error}")))?;
    match command {
        ImportCommand::PythonOauth2(import) => runtime.block_on(python_oauth2::run(global, import)),
        ImportCommand::Cycloauth(import) => runtime.block_on(oauth1::from_cycloauth(global, import)),
        ImportCommand::Repoze(import) => runtime.block_on(oauth1::from_repoze(global, import)),
    }
}
