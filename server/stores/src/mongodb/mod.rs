//! `mongodb://user:password@host:27017/keyhook?…`: a MongoDB, or a server that speaks its protocol, which many nodes share.
//!
//! A collection per kind. Of a replica set a batch is a transaction; a single server without one writes the guard first.

mod document;
mod failure;
pub mod foreign;
mod open;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::registry::{Opening, StoreSource};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::Clock;
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection, Database};

use crate::flight::{DEADLINE, Flights};
use crate::{key_fits, keys_fit};

component!(Store: "mongodb", open_store);

/// Opens the database that the address names, `keyhook` if it names none.
///
/// # Errors
/// [`StoreError::Unusable`] when the URL is wrong, nothing is there and may be made, or a newer keyhook wrote it;
/// [`StoreError::Unavailable`] when it does not answer or does not let keyhook in.
pub fn open_store(source: StoreSource) -> Opening {
    Box::pin(async move { Ok(Arc::new(MongoStore::open(&source).await?) as Arc<dyn Store>) })
}

/// A store in MongoDB.
pub struct MongoStore {
    server: Arc<Server>,
    flights: Flights,
    durable: bool,
}

/// What every operation needs.
struct Server {
    client: Client,
    database: Database,
    /// Where it is, for people.
    shown: String,
    transactions: bool,
    clock: Arc<dyn Clock>,
}

impl Server {
    fn collection(&self, kind: Kind) -> Collection<Document> {
        self.database.collection(kind.name())
    }

    /// What the server says, if it says it in time.
    async fn in_time<T>(&self, asking: impl Future<Output = mongodb::error::Result<T>>) -> Result<T, StoreError> {
        match tokio::time::timeout(DEADLINE, asking).await {
            Ok(said) => said.map_err(|error| failure::of(&self.shown, &error)),
            Err(_) => Err(failure::unavailable(&self.shown, "no answer in time")),
        }
    }
}

impl MongoStore {
    async fn open(source: &StoreSource) -> Result<MongoStore, StoreError> {
        let open::Opened { client, database, shown, transactions } = open::open(source).await?;
        let server = Server { client, database, shown, transactions, clock: Arc::clone(&source.clock) };
        Ok(MongoStore { server: Arc::new(server), flights: Flights::default(), durable: source.durable })
    }
}

impl Store for MongoStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async move {
            key_fits(kind, key)?;
            let Some(found) = self.server.in_time(read::get(&self.server, kind, key)).await? else { return Ok(Lookup::Absent) };
            let record = document::record(kind, &found)?;
            Ok(if record.state == State::Live { Lookup::Live(record) } else { Lookup::Spent(record) })
        })
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            if let Some(after) = &page.after {
                key_fits(kind, after)?;
            }
            let found = self.server.in_time(read::list(&self.server, kind, index, &page)).await?;
            found.iter().map(|document| document::record(kind, document)).collect()
        })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            keys_fit(batch.operations())?;
            let (operations, held) = batch.into_parts();
            let server = Arc::clone(&self.server);
            self.flights.fly(held, async move { server.in_time(write::write(&server, &operations)).await }).await
        })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.server.in_time(read::purge(&self.server, now, horizons)))
    }

    fn promises(&self) -> Promises {
        Promises { durable: self.durable, evicts: false, shared: true, atomic: self.server.transactions }
    }

    /// Another node may have written at any moment, so nothing is believed for longer than a second.
    fn changed_elsewhere(&self) -> u64 {
        self.server.clock.now().seconds().unsigned_abs()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.server.in_time(self.server.database.run_command(doc! { "ping": 1 }).into_future()).await.map(drop) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.flights.land())
    }
}
