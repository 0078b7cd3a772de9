//! `keyhook client …`: registering, listing, changing and removing clients.
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

mod add;
mod update;

use std::path::Path;

use clap::Subcommand;
use serde_json::Value;

use super::online;
use crate::cli::{Format, Global};
use crate::config::parse_duration;
use crate::failure::{Exit, Failure};
use crate::operations::{ClientChange, Operation};
use crate::output;

pub(crate) use add::Add;
pub(crate) use update::Update;

/// `keyhook client …`
#[derive(Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a client; a confidential one's secret is shown once
    Add(Box<Add>),
    /// List the clients
    List,
    /// Show one client
    Show {
        /// client_id
        id: String,
    },
    /// Change a client; only what is given changes
    Update(Box<Update>),
    /// Remove a client; its tokens are dead at once
    Remove {
        /// client_id
        id: String,
    },
    /// A client's secret
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// `keyhook client secret …`
#[derive(Subcommand)]
pub(crate) enum SecretCommand {
    /// Make a new secret and show it once; the one before stays valid until the next rotation
    Rotate {
        /// client_id
        id: String,
    },
}

const METHODS: [&str; 5] = ["none", "client_secret_basic", "client_secret_post", "assertion", "oauth1_signature"];
const COLUMNS: [&str; 5] = ["id", "name", "kind", "grant_types", "redirect_uris"];

/// Runs one of the commands.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(global: &Global, command: ClientCommand) -> Result<(), Failure> {
    match command {
        ClientCommand::Add(add) => added(global, online::perform(global, Operation::ClientAdd(add.draft()?))?),
        ClientCommand::List => super::print(global, &COLUMNS, online::perform(global, Operation::ClientList {})),
        ClientCommand::Show { id } => super::print(global, &COLUMNS, online::perform(global, Operation::ClientShow { id })),
        ClientCommand::Update(update) => {
            let changed = online::perform(global, Operation::ClientUpdate(update.change()?))?;
            if changed.get("oauth1_secret").is_some() { added(global, changed) } else { super::print(global, &COLUMNS, Ok(changed)) }
        }
        ClientCommand::Remove { id } => super::print(global, &["id"], online::perform(global, Operation::ClientRemove { id })),
        ClientCommand::Secret(SecretCommand::Rotate { id }) => {
            let change = ClientChange { id, rotate_secret: true, ..ClientChange::default() };
            added(global, online::perform(global, Operation::ClientUpdate(change))?)
        }
    }
}

/// Prints a client whose secret can be seen this once: JSON has `client_id` and `client_secret` as RFC 7591 §3.2.1 names them.
#[allow(clippy::unnecessary_wraps, reason = "every command has one shape")]
fn added(global: &Global, mut client: Value) -> Result<(), Failure> {
    let id = client["id"].clone();
    let secret = client["client_secret"].as_str().map(str::to_owned);
    let shared = client["oauth1_secret"].as_str().map(str::to_owned);
    if global.quiet || global.format == Format::Json {
        client["client_id"] = id;
        output::print(global, &["id"], &client);
        return Ok(());
    }
    let id = id.as_str().unwrap_or_default();
    // Two protocols, two secrets: whoever rotates after a leak must not believe that both are new.
    let other = if secret.is_some() && shared.is_none() && !client["oauth1"].is_null() {
        format!("its oauth1_secret stays; a new one: keyhook client update {id} --oauth1\n")
    } else {
        String::new()
    };
    let id = format!("client_id      {id}\n");
    let shown = |secret| format!("client_secret  {secret}\n               it is shown this once; the server keeps a hash\n");
    let signs = |secret| format!("oauth1_secret  {secret}\n               it is shown this once; the server keeps it sealed\n");
    output::write(&(id + &secret.map(shown).unwrap_or_default() + &shared.map(signs).unwrap_or_default() + &other));
    Ok(())
}

/// The text of a file with a key.
fn rsa_key(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new("KH0303", Exit::Usage, format!("--rsa-key {} cannot be read: {error}", path.display())).help("name a file in PEM")
    })
}

fn seconds(text: &str) -> Result<u64, String> {
    parse_duration(text).map(|duration| duration.as_secs())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}
