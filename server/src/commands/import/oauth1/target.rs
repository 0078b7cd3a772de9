//! Where it goes: the stores of the configuration, or nowhere in a dry run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keyhook_component::audit::{Audit as _, Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::system::Clock;
use keyhook_core::client::Client;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use tokio::task::JoinSet;

use super::old::{OldConsumer, OldToken, Read};
use super::report::{Outcome, Report, Sort};
use super::write::Writer;
use super::{client, token};
use crate::audit::AuditLog;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::keys;
use crate::stores::{self, May};
use crate::system::{SystemClock, SystemRandom};

/// What is said about all consumers and tokens.
pub(super) struct Rules {
    pub(super) scope: Scope,
    pub(super) token_ttl: Duration,
    pub(super) grant_ttl: Duration,
}

/// The stores, and the rules by which they are filled.
pub(super) struct Target {
    writer: Arc<Writer>,
    rules: Rules,
    /// Clients that were made, or would be.
    made: BTreeMap<String, Arc<Client>>,
    audit: Option<Arc<AuditLog>>,
}

impl Target {
    /// Opens the stores.
    ///
    /// # Errors
    /// What keys and stores say.
    pub(super) async fn open(config: &Config, rules: Rules, dry: bool) -> Result<Target, Failure> {
        let keyring = keys::load(&config.keys.master_files)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let start = || AuditLog::start(keyring.log_key).map(Arc::new);
        let audit = (!dry).then(start).transpose().map_err(|error| Failure::new("KH0150", Exit::Failed, error.to_string()))?;
        let records = stores::open(config, &clock, May { create: false, migrate: !dry }).await?;
        let random = Arc::new(SystemRandom);
        let writer = Writer { records, clock, random, sealer: keyring.sealer, grant_lives: rules.grant_ttl, dry };
        Ok(Target { writer: Arc::new(writer), rules, made: BTreeMap::new(), audit })
    }

    fn now(&self) -> Timestamp {
        self.writer.clock.now()
    }

    /// Registers a consumer, unless there is a client of that name.
    ///
    /// # Errors
    /// What a store says.
    pub(super) async fn consumer(&mut self, read: Read<OldConsumer>, report: &mut Report) -> Result<(), Failure> {
        let old = match read {
            Ok(old) => old,
            Err(unreadable) => {
                report.unreadable(unreadable);
                return Ok(());
            }
        };
        let (key, records, mut notes) = (Key::named(&old.key), &self.writer.records, Vec::new());
        if !matches!(records.read::<ClientBody>(&key).await?, Lookup::Absent) {
            report.count(Sort::Client, Outcome::AlreadyThere);
            return Ok(());
        }
        let sealed = self.writer.seal_consumer(&key, &old.secret)?;
        let client = match client::of(&old, sealed, &self.rules.scope, self.now(), &mut notes) {
            Ok(client) => Arc::new(client),
            Err(why) => {
                report.leave_out_client(&old.key, &why);
                return Ok(());
            }
        };
        if !self.writer.dry {
            let insert = Stored::new(key, Timestamp::MAX, ClientBody(Arc::clone(&client))).insert()?;
            if records.apply(Batch::new().with(insert)).await? != Applied::Applied {
                report.count(Sort::Client, Outcome::AlreadyThere);
                return Ok(());
            }
        }
        for note in notes {
            report.note(note);
        }
        report.count(Sort::Client, Outcome::Imported);
        self.made.insert(old.key, client);
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
            let client = match self.made.get(&old.consumer) {
                Some(made) => Some(Arc::clone(made)),
                None => self.writer.records.client(&old.consumer).await?,
            };
            if let Some(kept) = token::judge(old, client, &self.rules, now, report) {
                let writer = Arc::clone(&self.writer);
                writing.spawn(async move { writer.write(kept).await });
            }
        }
        for done in writing.join_all().await {
            report.count(Sort::Access, done?);
        }
        Ok(())
    }

    /// Closes the stores, and keeps in the audit log what was done.
    ///
    /// # Errors
    /// Why it was not done.
    pub(super) async fn close(self, done: Result<Report, Failure>, system: &str) -> Result<Report, Failure> {
        for store in self.writer.records.stores() {
            store.close().await;
        }
        if let Some(audit) = self.audit {
            if let Ok(report) = &done {
                let [clients, tokens] = [Sort::Client, Sort::Access].map(|sort| report.imported(sort));
                let mut event = Event::new(Decision::Administration, "ok");
                event.detail = Some(format!("imported from {system}: {clients} clients, {tokens} access tokens"));
                audit.record(event);
            }
            audit.close();
        }
        done
    }
}
