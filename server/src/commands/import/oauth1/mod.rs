//! `keyhook import cycloauth` and `keyhook import repoze`: consumers keep key and secret, bound tokens stay good (RFC 5849 §2.3).
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

mod client;
#[cfg(feature = "mongodb")]
mod cycloauth;
mod old;
#[cfg(feature = "mysql")]
mod repoze;
mod source;
mod target;
mod token;
mod write;

use std::time::Duration;

use clap::Args;

use self::source::Source;
use self::target::Target;
use self::token::Rules;
use super::clients::{self, Clients};
use super::destination::{self, Destination};
use super::report::{self, Report, Sort};
use crate::cli::Global;
use crate::commands::online;
use crate::failure::{Exit, Failure};

/// What both commands have.
#[derive(Args)]
pub(super) struct Common {
    /// Report what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The scope that every consumer may have; these systems knew none
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    scope: String,
}

/// `keyhook import cycloauth`
#[derive(Args)]
pub(crate) struct FromCycloauth {
    /// Where it kept them: mongodb://host/database, or @FILE that holds the URL
    #[arg(long, value_name = "URL")]
    from: String,
    /// oauth_consumer_collection
    #[arg(long, value_name = "NAME", default_value = "oauth_consumers")]
    consumers_collection: String,
    /// oauth_request_token_collection, where its access tokens went too
    #[arg(long, value_name = "NAME", default_value = "oauth_requets_tokens")]
    requests_collection: String,
    /// oauth_access_token_collection
    #[arg(long, value_name = "NAME", default_value = "oauth_access_tokens")]
    tokens_collection: String,
    #[command(flatten)]
    common: Common,
}

/// `keyhook import repoze`
#[derive(Args)]
pub(crate) struct FromRepoze {
    /// Where it kept them: mysql://user:password@host/database, or @FILE that holds the URL
    #[arg(long, value_name = "URL")]
    from: String,
    /// How far ahead of UTC the clock was that wrote valid_till: minutes, negative to the west
    #[arg(long, value_name = "MINUTES", default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-840..=840))]
    utc_offset: i64,
    #[command(flatten)]
    common: Common,
}

/// # Errors
/// `KH0460`, `KH0470`, `KH0480` for the source; the findings of the configuration; what a store says.
pub(super) async fn from_cycloauth(global: &Global, import: &FromCycloauth) -> Result<(), Failure> {
    run(global, source::cycloauth(import).await?, "cycloauth", &import.common, Vec::new()).await
}

/// # Errors
/// The same.
pub(super) async fn from_repoze(global: &Global, import: &FromRepoze) -> Result<(), Failure> {
    let read_as = format!(
        "valid_till was local time without a zone, and is read as {:+} minutes from UTC (--utc-offset); its check was inverted: what had ended was taken until now, and is not any more",
        import.utc_offset
    );
    run(global, source::repoze(import).await?, "repoze", &import.common, vec![read_as]).await
}

async fn run(global: &Global, mut source: Box<dyn Source>, system: &str, common: &Common, notes: Vec<String>) -> Result<(), Failure> {
    let config = online::deployment(global)?;
    let shown = source.shown();
    let scope = keyhook_core::scope::Scope::parse(&common.scope);
    let scope = scope.map_err(|_| Failure::new("KH0303", Exit::Usage, "--scope is not a scope"))?;
    let tokens = Rules { token_ttl: token_ttl(&config), grant_ttl: config.tokens.grant };
    let to = Destination::open(&config, common.dry_run).await?;
    let mut target = Target { to, scope, tokens, clients: Clients::default() };
    let mut report = Report::of(Sort::OAUTH1);
    for note in notes {
        report.note(note);
    }
    if config.oauth1.is_none() {
        report.note("OAuth 1.0a is off: [oauth1] enabled = true".to_owned());
    }
    let done = all(&mut *source, &mut target, report).await;
    let closed = target.to.close(done, system).await;
    closed?.print(global, &shown, common.dry_run);
    Ok(())
}

fn token_ttl(config: &crate::config::Config) -> Duration {
    config.oauth1.as_ref().map_or_else(|| keyhook_component::settings::Oauth1Settings::default().token_ttl, |oauth1| oauth1.token_ttl)
}

async fn all(source: &mut dyn Source, target: &mut Target, mut report: Report) -> Result<Report, Failure> {
    for read in source.consumers().await? {
        target.consumer(read, &mut report).await?;
    }
    while let Some(page) = source.tokens().await? {
        target.tokens(page, &mut report).await?;
    }
    report.leave_out(Sort::Request, "they live minutes; who holds one begins again", source.request_tokens().await?);
    Ok(report)
}
