//! What an import writes: clients, and tokens that live on.

use std::sync::Arc;

use keyhook_core::client::AuthMethod;
use keyhook_core::scope::Scope;
use tokio::task::JoinSet;

use super::clients::Clients;
use super::destination::Destination;
use super::old::{OldClient, OldToken, Read};
use super::report::{Report, Sort};
use super::seen::Seen;
use super::write::{Writer, Written};
use super::{Import, client, token};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::settings;

/// The stores, and the rules by which they are filled.
pub(super) struct Target {
    pub(super) to: Arc<Destination>,
    writer: Arc<Writer>,
    rules: client::Rules,
    tokens: token::Rules,
    clients: Clients,
}

impl Target {
    /// Opens the stores.
    ///
    /// # Errors
    /// `KH0303` for a scope that is none; what keys and stores say.
    pub(super) async fn open(config: &Config, import: &Import) -> Result<Target, Failure> {
        let scope = Scope::parse(&import.scope).map_err(|_| Failure::new("KH0303", Exit::Usage, "--scope is not a scope"))?;
        let post = import.auth_method == AuthMethod::SecretPost.name();
        let rules = client::Rules {
            auth_method: if post { AuthMethod::SecretPost } else { AuthMethod::SecretBasic },
            scope,
            grant_types: import.grant.clone(),
            require_pkce: import.require_pkce,
        };
        let (lifetimes, tokens) = settings::tokens_of(config);
        let tokens = token::Rules { user_from: import.user_from.clone(), keep_userless: import.keep_userless, lifetimes, tokens };
        let to = Destination::open(config, import.dry_run).await?;
        let writer = Writer { to: Arc::clone(&to), data_of: import.data_of.clone(), attributes: tokens.tokens.clone() };
        Ok(Target { to, writer: Arc::new(writer), rules, tokens, clients: Clients::default() })
    }

    /// Registers a client, unless there is one of that name.
    ///
    /// # Errors
    /// What a store says.
    pub(super) async fn client(&mut self, read: Read<OldClient>, seen: &Seen, report: &mut Report) -> Result<(), Failure> {
        let Some(old) = report.readable(read) else { return Ok(()) };
        let make = || Ok(client::of(&old, seen.of(&old.identifier), &self.rules, self.to.now()));
        self.clients.register(&old.identifier, &self.to, report, make).await
    }

    /// Writes the tokens of a page, all at once: a database that commits many together is as fast as it can be.
    ///
    /// # Errors
    /// What a store says; what was written by then stays.
    pub(super) async fn tokens(&self, page: Vec<Read<OldToken>>, report: &mut Report) -> Result<(), Failure> {
        let (now, mut writing) = (self.to.now(), JoinSet::new());
        for read in page {
            let Some(old) = report.readable(read) else { continue };
            let client = self.clients.find(&old.client_id, &self.to).await?;
            if let Some(kept) = token::judge(old, client, &self.tokens, now, report) {
                let writer = Arc::clone(&self.writer);
                writing.spawn(async move { writer.write(kept).await });
            }
        }
        for done in writing.join_all().await {
            let Written { access, refresh } = done?;
            for (sort, outcome) in [(Sort::Access, access), (Sort::Refresh, refresh)] {
                if let Some(outcome) = outcome {
                    report.count(sort, outcome);
                }
            }
        }
        Ok(())
    }
}
