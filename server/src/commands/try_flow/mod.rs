//! `keyhook try …`: walks a real flow against the running server and prints each exchange.

mod authorization_code;
mod browser;
mod client_credentials;
mod oauth1;
mod page;
mod party;
mod tls;
mod token;
mod transcript;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::{Format, Global};
use crate::failure::{Exit, Failure};
use crate::output;

use browser::Browser;
use party::Party;
use transcript::Transcript;

/// `keyhook try …`
#[derive(Subcommand)]
pub(crate) enum TryCommand {
    /// The authorization code flow with PKCE; against `keyhook dev` the demo user signs in and allows
    Code(Walk),
    /// The client credentials grant
    ClientCredentials(Try),
    /// The authorization code flow, then the refresh token
    Refresh(Walk),
    /// All three legs of OAuth 1.0a, where the server offers it
    Oauth1(Walk),
}

/// `keyhook try …`
#[derive(Args)]
pub(crate) struct Try {
    /// The client's id [default: in development one that is made for it]
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Read the client's secret from the first line of standard input
    #[arg(long, requires = "client")]
    secret_stdin: bool,
    /// The scope to ask for
    #[arg(long)]
    scope: Option<String>,
    /// Where the client wants the code [default: its first registered one]
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<String>,
    /// The server [default: the one that runs on this folder's data]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Show tokens and secrets in full
    #[arg(long)]
    show: bool,
}

/// `keyhook try code|refresh`
#[derive(Args)]
pub(crate) struct Walk {
    #[command(flatten)]
    flags: Try,
    /// Fill forms in as this user [default: in development the demo user; elsewhere a browser does it]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the user's password from the first line of standard input
    #[arg(long, requires = "user", conflicts_with = "secret_stdin")]
    password_stdin: bool,
}

/// Walks the flow and prints the last token response, as JSON alone with `--format json`.
///
/// # Errors
/// `KH0320` when nobody answers, `KH0321` when a request is refused.
pub(crate) fn run(global: &Global, command: &TryCommand) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("no runtime can be started: {error}")))?;
    let transcript = Transcript { printed: global.format == Format::Table && !global.quiet, show: flags(command).show };
    let party = Party::meet(global, command)?;
    let response = runtime.block_on(walk(command, &party, transcript))?;
    match global.format {
        Format::Json => output::print(global, &["access_token"], &transcript.masked(&response)),
        Format::Table if global.quiet => output::print(global, &["access_token"], &response),
        Format::Table => output::write(&party::who_changed_it(global)),
    }
    Ok(())
}

fn flags(command: &TryCommand) -> &Try {
    match command {
        TryCommand::Code(walk) | TryCommand::Refresh(walk) | TryCommand::Oauth1(walk) => &walk.flags,
        TryCommand::ClientCredentials(flags) => flags,
    }
}

async fn walk(command: &TryCommand, party: &Party, transcript: Transcript) -> Result<Value, Failure> {
    let mut browser = Browser::new(&party.issuer, transcript)?;
    let endpoints = token::Endpoints::discover(&mut browser, &party.issuer).await?;
    match command {
        TryCommand::Oauth1(flags) => oauth1::walk(&mut browser, party, flags).await,
        TryCommand::Code(walk) => authorization_code::walk(&mut browser, &endpoints, party, walk).await,
        TryCommand::ClientCredentials(flags) => client_credentials::walk(&mut browser, &endpoints, party, flags).await,
        TryCommand::Refresh(walk) => {
            let first = authorization_code::walk(&mut browser, &endpoints, party, walk).await?;
            token::refresh(&mut browser, &endpoints, party, &first).await
        }
    }
}
