//! Where every import goes: the stores of the configuration, or nowhere in a dry run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keyhook_component::audit::{Audit as _, Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Records, SharedSecret, Stored};
use keyhook_component::store::{Lookup, StoreError};
use keyhook_component::system::{Clock, Random};
use keyhook_core::client::Client;
use keyhook_core::crypto::Sealer;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;

use super::report::{Outcome, Report, Sort};
use crate::audit::AuditLog;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::keys;
use crate::operations::oauth1::sealed;
use crate::stores::{self, May};
use crate::system::{SystemClock, SystemRandom};

/// What writing needs.
pub(super) struct Destination {
    pub(super) records: Records,
    /// How long a grant lives that begins now.
    pub(super) grant_lives: Duration,
    /// Only looks.
    pub(super) dry: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sealer: Sealer,
    audit: Option<AuditLog>,
}

impl Destination {
    /// Opens the stores.
    ///
    /// # Errors
    /// What keys, stores and the audit log say.
    pub(super) async fn open(config: &Config, dry: bool) -> Result<Arc<Destination>, Failure> {
        let keyring = keys::load(&config.keys.master_files)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let audit = (!dry).then(|| AuditLog::start(keyring.log_key)).transpose();
        let audit = audit.map_err(|error| Failure::new("KH0150", Exit::Failed, error.to_string()))?;
        let records = stores::open(config, &clock, May { create: false, migrate: !dry }).await?;
        let (random, sealer, grant_lives) = (Arc::new(SystemRandom), keyring.sealer, config.tokens.grant);
        Ok(Arc::new(Destination { records, grant_lives, dry, clock, random, sealer, audit }))
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What makes an id unlike the others of its second.
    pub(super) fn draw(&self) -> u32 {
        u32::from_be_bytes(self.random.bytes())
    }

    /// A shared secret as its record keeps it.
    ///
    /// # Errors
    /// `KH0601` when it cannot be sealed.
    pub(super) fn sealed(&self, of: SharedSecret<'_>, secret: &Secret<String>) -> Result<Vec<u8>, Failure> {
        sealed(of, secret, &self.sealer, &*self.random)
    }

    /// Closes the stores, and keeps in the audit log what was done.
    ///
    /// # Errors
    /// Why it was not done.
    pub(super) async fn close(&self, done: Result<Report, Failure>, system: &str) -> Result<Report, Failure> {
        for store in self.records.stores() {
            store.close().await;
        }
        if let Some(audit) = &self.audit {
            if let Ok(report) = &done {
                let mut event = Event::new(Decision::Administration, "ok");
                event.detail = Some(format!("imported from {system}: {}", report.imported()));
                audit.record(event);
            }
            audit.close();
        }
        done
    }
}

/// A client, and what the operator should know about it.
pub(super) struct Made {
    pub(super) client: Client,
    pub(super) notes: Vec<String>,
}

/// The clients that an import makes, or would make.
#[derive(Default)]
pub(super) struct Clients {
    made: BTreeMap<String, Arc<Client>>,
}

impl Clients {
    /// Registers a client of `id`, unless there is one of that name; `make` is asked where there is none.
    ///
    /// # Errors
    /// What a store says, and `make`; a reason from `make` leaves the client out.
    pub(super) async fn register(
        &mut self,
        id: &str,
        to: &Destination,
        report: &mut Report,
        make: impl FnOnce() -> Result<Result<Made, String>, Failure>,
    ) -> Result<(), Failure> {
        let key = Key::named(id);
        if !matches!(to.records.read::<ClientBody>(&key).await?, Lookup::Absent) {
            report.count(Sort::Client, Outcome::AlreadyThere);
            return Ok(());
        }
        let (client, notes) = match make()? {
            Ok(Made { client, notes }) => (Arc::new(client), notes),
            Err(why) => {
                report.leave_out_client(id, &why);
                return Ok(());
            }
        };
        if !to.dry {
            let insert = Stored::new(key, Timestamp::MAX, ClientBody(Arc::clone(&client))).insert()?;
            // Somebody else made one at the same time.
            if to.records.apply(Batch::new().with(insert)).await? != Applied::Applied {
                report.count(Sort::Client, Outcome::AlreadyThere);
                return Ok(());
            }
        }
        for note in notes {
            report.note(note);
        }
        report.count(Sort::Client, Outcome::Imported);
        self.made.insert(id.to_owned(), client);
        Ok(())
    }

    /// The client of this id, from before or of this import.
    ///
    /// # Errors
    /// What a store says.
    pub(super) async fn find(&self, id: &str, to: &Destination) -> Result<Option<Arc<Client>>, StoreError> {
        match self.made.get(id) {
            Some(made) => Ok(Some(Arc::clone(made))),
            None => to.records.client(id).await,
        }
    }
}
