//! Where it goes: the stores of the configuration, or nowhere in a dry run.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_component::audit::{Audit as _, Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::system::Clock;
use keyhook_core::client::{AuthMethod, Client};
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use tokio::task::JoinSet;

use super::old::{OldClient, OldToken, Read};
use super::report::{Outcome, Report, Sort};
use super::seen::Seen;
use super::write::{Writer, Written};
use super::{Import, client, token};
use crate::audit::AuditLog;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::stores::{self, May};
use crate::system::{SystemClock, SystemRandom};
use crate::{keys, settings};

/// The stores, and the rules by which they are filled.
pub(super) struct Target {
    writer: Arc<Writer>,
    clients: client::Rules,
    tokens: token::Rules,
    /// Clients that were made, or would be.
    made: BTreeMap<String, Arc<Client>>,
    audit: Option<Arc<AuditLog>>,
}

impl Target {
    /// Opens the stores.
    ///
    /// # Errors
    /// `KH0303` for a scope that is none; what keys and stores say.
    pub(super) async fn open(config: &Config, import: &Import) -> Result<Target, Failure> {
        let scope = Scope::parse(&import.scope).map_err(|_| Failure::new("KH0303", Exit::Usage, "--scope is not a scope"))?;
        let post = import.auth_method == AuthMethod::SecretPost.name();
        let clients = client::Rules {
            auth_method: if post { AuthMethod::SecretPost } else { AuthMethod::SecretBasic },
            scope,
            grant_types: import.grant.clone(),
            require_pkce: import.require_pkce,
        };
        let (lifetimes, tokens) = settings::tokens_of(config);
        let writer_lives = lifetimes.grant;
        let tokens = token::Rules { user_from: import.user_from.clone(), keep_userless: import.keep_userless, lifetimes, tokens };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let audit = if import.dry_run { None } else { Some(audit(config)?) };
        let records = stores::open(config, &clock, May { create: false, migrate: !import.dry_run }).await?;
        let writer = Writer {
            records,
            clock,
            random: Arc::new(SystemRandom),
            grant_lives: writer_lives,
            data_of: import.data_of.clone(),
            attributes: tokens.tokens.clone(),
            dry: import.dry_run,
        };
        Ok(Target { writer: Arc::new(writer), clients, tokens, made: BTreeMap::new(), audit })
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.writer.clock.now()
    }

    /// Registers a client, unless there is one of that name.
    ///
    /// # Errors
    /// What a store says.
    pub(super) async fn client(&mut self, read: Read<OldClient>, seen: &Seen, report: &mut Report) -> Result<(), Failure> {
        let old = match read {
            Ok(old) => old,
            Err(unreadable) => {
                report.unreadable(unreadable);
                return Ok(());
            }
        };
        let (key, records) = (Key::named(&old.identifier), &self.writer.records);
        if !matches!(records.read::<ClientBody>(&key).await?, Lookup::Absent) {
            report.count(Sort::Client, Outcome::AlreadyThere);
            return Ok(());
        }
        let made = match client::of(&old, seen.of(&old.identifier), &self.clients, self.now()) {
            Ok(made) => made,
            Err(why) => {
                report.leave_out_client(&old.identifier, &why);
                return Ok(());
            }
        };
        let client = Arc::new(made.client);
        if !self.writer.dry {
            let insert = Stored::new(key, Timestamp::MAX, ClientBody(Arc::clone(&client))).insert()?;
            if records.apply(Batch::new().with(insert)).await? != Applied::Applied {
                report.count(Sort::Client, Outcome::AlreadyThere);
                return Ok(());
            }
        }
        made.notes.into_iter().for_each(|note| report.note(note));
        report.count(Sort::Client, Outcome::Imported);
        self.made.insert(old.identifier, client);
        Ok(())
    }

    /// Writes the tokens of a page, all at once: a database that commits many together is as fast as it can be.
    ///
    /// # Errors
    /// What a store says; what was written by then stays.
    pub(super) async fn tokens(&self, page: Vec<Read<OldToken>>, report: &mut Report) -> Result<(), Failure> {
        let (now, mut writing) = (self.now(), JoinSet::new());
        for read in page {
            let old = match read {
                Ok(old) => old,
                Err(unreadable) => {
                    report.unreadable(unreadable);
                    continue;
                }
            };
            let client = match self.made.get(&old.client_id) {
                Some(made) => Some(Arc::clone(made)),
                None => self.writer.records.client(&old.client_id).await?,
            };
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

    /// Closes the stores, and keeps in the audit log what was done.
    ///
    /// # Errors
    /// Why it was not done.
    pub(super) async fn close(self, done: Result<Report, Failure>) -> Result<Report, Failure> {
        for store in self.writer.records.stores() {
            store.close().await;
        }
        if let Some(audit) = self.audit {
            if let Ok(report) = &done {
                let [clients, access, refresh] = [Sort::Client, Sort::Access, Sort::Refresh].map(|sort| report.imported(sort));
                let mut event = Event::new(Decision::Administration, "ok");
                event.detail =
                    Some(format!("imported from python-oauth2: {clients} clients, {access} access tokens, {refresh} refresh tokens"));
                audit.record(event);
            }
            audit.close();
        }
        done
    }
}

fn audit(config: &Config) -> Result<Arc<AuditLog>, Failure> {
    let log_key = keys::load(&config.keys.master_files)?.log_key;
    AuditLog::start(log_key).map(Arc::new).map_err(|error| Failure::new("KH0150", Exit::Failed, error.to_string()))
}
