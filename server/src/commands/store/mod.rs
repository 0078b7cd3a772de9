//! `keyhook store …`: the databases themselves, without the server.

mod check;
mod copy;
mod migrate;
mod place;

use clap::Subcommand;

use self::place::Place;
use crate::cli::Global;
use crate::failure::{Exit, Failure};

/// `keyhook store …`
#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Make the tables or bring them up to date, and say what was done
    Migrate {
        /// A store URL, or @FILE that holds one [default: the stores of the configuration]
        url: Option<String>,
    },
    /// Open, count, and try a record: written, read, taken, deleted
    Check {
        /// A store URL, or @FILE that holds one [default: the stores of the configuration]
        url: Option<String>,
    },
    /// Copy every record into an empty store, and compare; no server may run meanwhile
    Copy {
        /// The store URL to read, or @FILE that holds one
        from: String,
        /// The store URL to fill, or @FILE that holds one
        to: String,
    },
}

/// # Errors
/// What is wrong with a store, by its code.
pub(crate) fn run(global: &Global, command: StoreCommand) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("no runtime can be started: {error}")))?;
    runtime.block_on(async {
        match command {
            StoreCommand::Migrate { url } => migrate::run(global, &place::named(global, url.as_deref())?).await,
            StoreCommand::Check { url } => check::run(global, &place::named(global, url.as_deref())?).await,
            StoreCommand::Copy { from, to } => copy::run(global, &Place::of(global, &from)?, &Place::of(global, &to)?).await,
        }
    })
}
