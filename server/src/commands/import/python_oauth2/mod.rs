//! `keyhook import python-oauth2`: old tokens stay good, old refresh tokens become ours at their first use, clients keep their secrets.
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

mod client;
#[cfg(any(feature = "mongodb", feature = "redis", test))]
mod members;
#[cfg(feature = "mongodb")]
mod mongodb;
#[cfg(feature = "mysql")]
mod mysql;
mod old;
#[cfg(feature = "redis")]
mod redis;
mod seen;
mod source;
mod target;
mod token;
mod write;

use clap::Args;

use self::seen::Seen;
use self::source::Source;
use self::target::Target;
use super::report::{self, Report, Sort};
use super::{clients, destination};
use crate::cli::Global;
use crate::commands::online;
use crate::failure::Failure;

/// `keyhook import python-oauth2`
#[derive(Args)]
pub(crate) struct Import {
    /// Where it kept them: mysql://user:password@host/database, mongodb://host/database, redis://host/0 (redis+cluster://, rediss://), or @FILE that holds the URL
    #[arg(long, value_name = "URL")]
    from: String,
    /// Report what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The database, instead of the URL's
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// prefix of its redis TokenStore
    #[arg(long, value_name = "PREFIX", default_value = "oauth2")]
    prefix: String,
    /// prefix of its redis ClientStore [default: that of --prefix]
    #[arg(long, value_name = "PREFIX")]
    client_prefix: Option<String>,
    /// MongoDB collection of its AccessTokenStore
    #[arg(long, value_name = "NAME", default_value = "access_tokens")]
    tokens_collection: String,
    /// MongoDB collection of its AuthCodeStore
    #[arg(long, value_name = "NAME", default_value = "auth_codes")]
    codes_collection: String,
    /// MongoDB collection of its ClientStore
    #[arg(long, value_name = "NAME", default_value = "clients")]
    clients_collection: String,
    /// How the clients authenticated: client_secret_post (its request_body) or client_secret_basic (its http_basic_auth)
    #[arg(long, value_name = "METHOD", default_value = "client_secret_post", value_parser = ["client_secret_post", "client_secret_basic"])]
    auth_method: String,
    /// The scope that every client may have, besides that of its tokens
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    scope: String,
    /// Grant type of a client whom nothing forbade any; repeatable [default: those of its tokens, and authorization_code and refresh_token with a redirect URI, else client_credentials]
    #[arg(long, value_name = "GRANT_TYPE")]
    grant: Vec<String>,
    /// Authorization requests of these clients need PKCE from now on; none of theirs had it
    #[arg(long)]
    require_pkce: bool,
    /// The member of a token's data that names its user, where user_id does not
    #[arg(long, value_name = "MEMBER")]
    user_from: Option<String>,
    /// Keep tokens that name no user, as the client's own
    #[arg(long)]
    keep_userless: bool,
    /// The plugin that gets the data of tokens as its own
    #[arg(long, value_name = "PLUGIN", default_value = "python-oauth2")]
    data_of: String,
}

/// # Errors
/// `KH0460`, `KH0470`, `KH0480` for the source; the findings of the configuration; what a store says.
pub(super) async fn run(global: &Global, import: &Import) -> Result<(), Failure> {
    let config = online::deployment(global)?;
    let mut source = source::open(import).await?;
    let shown = source.shown();
    let mut target = Target::open(&config, import).await?;
    let done = all(&mut *source, &mut target).await;
    let closed = target.to.close(done, "python-oauth2").await;
    closed?.print(global, &shown, import.dry_run);
    Ok(())
}

async fn all(source: &mut dyn Source, target: &mut Target) -> Result<Report, Failure> {
    let mut report = Report::of(Sort::OAUTH2);
    // Once to learn what the clients did, once to write.
    let mut seen = Seen::default();
    source.begin().await?;
    while let Some(page) = source.tokens().await? {
        page.iter().filter_map(|read| read.as_ref().ok()).for_each(|token| seen.add(token, target.to.now()));
    }
    for read in source.clients().await? {
        target.client(read, &seen, &mut report).await?;
    }
    source.begin().await?;
    while let Some(page) = source.tokens().await? {
        target.tokens(page, &mut report).await?;
    }
    report.leave_out(Sort::Code, "they live ten minutes; who holds one signs in again", source.codes().await?);
    Ok(report)
}
