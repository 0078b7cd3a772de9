//! What an import writes: consumers as clients that sign, and tokens that live on.

use std::sync::Arc;

use keyhook_component::records::SharedSecret;
use keyhook_core::scope::Scope;
use tokio::task::JoinSet;

use super::clients::Clients;
use super::destination::Destination;
use super::old::{OldConsumer, OldToken, Read};
use super::report::{Report, Sort};
use super::token::Rules;
use super::write::write;
use super::{client, token};
use crate::failure::Failure;

/// The stores, and the rules by which they are filled.
pub(super) struct Target {
    pub(super) to: Arc<Destination>,
    /// What every consumer may have.
    pub(super) scope: Scope,
    pub(super) tokens: Rules,
    pub(super) clients: Clients,
}

impl Target {
    /// Registers a consumer, unless there is a client of that name.
    ///
    /// # Errors
    /// What a store says.
    pub(super) async fn consumer(&mut self, read: Read<OldConsumer>, report: &mut Report) -> Result<(), Failure> {
        let Some(old) = report.readable(read) else { return Ok(()) };
        let make = || {
            let sealed = self.to.sealed(SharedSecret::Client(&old.key), &old.secret)?;
            Ok(client::of(&old, sealed, &self.scope, self.to.now()))
        };
        self.clients.register(&old.key, &self.to, report, make).await
    }

    /// Writes the tokens of a page, all at once: a database that commits many together is as fast as it can be.
    ///
    /// # Errors
    /// What a store says; what was written by then stays.
    pub(super) async fn tokens(&self, page: Vec<Read<OldToken>>, report: &mut Report) -> Result<(), Failure> {
        let (now, mut writing) = (self.to.now(), JoinSet::new());
        for read in page {
            let Some(old) = report.readable(read) else { continue };
            let client = self.clients.find(&old.consumer, &self.to).await?;
            if let Some(kept) = token::judge(old, client, &self.tokens, now, report) {
                let to = Arc::clone(&self.to);
                writing.spawn(async move { write(&kept, &to).await });
            }
        }
        for done in writing.join_all().await {
            report.count(Sort::Access, done?);
        }
        Ok(())
    }
}
