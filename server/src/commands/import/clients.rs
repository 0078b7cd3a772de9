//! The clients that an import makes, each once.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored};
use keyhook_component::store::{Lookup, StoreError};
use keyhook_core::client::Client;
use keyhook_core::time::Timestamp;

use super::destination::Destination;
use super::report::{Outcome, Report, Sort};
use crate::failure::Failure;

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
