//! Where every import goes: the stores of the configuration, or nowhere in a dry run.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::audit::{Audit as _, Decision, Event};
use keyhook_component::records::{Records, SharedSecret};
use keyhook_component::system::{Clock, Random};
use keyhook_core::crypto::Sealer;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;

use super::report::Report;
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
