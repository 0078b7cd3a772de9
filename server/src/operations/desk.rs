//! What an operation works with.

use std::sync::Arc;

use keyhook_component::BoxFuture;
use keyhook_component::audit::{Audit, Decision, Event};
use keyhook_component::batch::{Applied, Batch, Operation as Write};
use keyhook_component::records::Records;
use keyhook_component::system::{Clock, Random};
use keyhook_core::Timestamp;
use keyhook_core::crypto::Sealer;
use serde_json::Value;

use crate::failure::{Exit, Failure};

/// A server that runs around the operations; absent when the store was opened for one command.
pub(crate) trait LiveServer: Send + Sync {
    /// Every plugin with its status.
    fn plugins(&self) -> Value;
    /// Reads configuration and plugins again; what is wrong changes nothing.
    fn reload(&self) -> BoxFuture<'_, Result<Value, Failure>>;
    /// Version, issuer, addresses, plugins.
    fn status(&self) -> Value;
}

/// There is nobody to ask.
pub(super) fn nobody_runs() -> Failure {
    Failure::new("KH0157", Exit::Unreachable, "no server runs on this data folder").help("start one with `keyhook serve` or `keyhook dev`")
}

/// The records, time, chance and audit that operations use.
pub(crate) struct Desk {
    /// The typed records.
    pub(crate) records: Records,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// Chance.
    pub(crate) random: Arc<dyn Random>,
    /// Seals what must be recoverable.
    pub(crate) sealer: Arc<Sealer>,
    /// The audit log.
    pub(crate) audit: Arc<dyn Audit>,
    /// The server around it.
    pub(crate) server: Option<Arc<dyn LiveServer>>,
}

impl Desk {
    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The server around it.
    ///
    /// # Errors
    /// `KH0157` when no server runs.
    pub(crate) fn running(&self) -> Result<&Arc<dyn LiveServer>, Failure> {
        self.server.as_ref().ok_or_else(nobody_runs)
    }

    /// Writes one batch; `refused` says what a refusal means here.
    pub(crate) async fn write(&self, operations: Vec<Write>, refused: impl FnOnce() -> Failure) -> Result<(), Failure> {
        let batch = operations.into_iter().fold(Batch::new(), Batch::with);
        match self.records.apply(batch).await? {
            Applied::Applied => Ok(()),
            Applied::Refused { .. } => Err(refused()),
        }
    }

    /// Audits that an operator did something.
    pub(crate) fn audit(&self, detail: String, client: Option<&str>, subject: Option<&str>) {
        let mut event = Event::new(Decision::Administration, "ok").subject(subject);
        event.client_id = client.map(str::to_owned);
        event.detail = Some(detail);
        self.audit.record(event);
    }
}
