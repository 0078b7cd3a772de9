//! `postgres://user:password@host/database` keeps records in PostgreSQL, for many nodes at once: one table per kind, many callers'
//! batches per commit, prepared look-ups over a small pool.
//!
//! A record is taken by one caller among all nodes, because whoever decides holds its row's lock until the commit.

mod address;
mod failure;
mod pool;
mod row;
mod schema;
mod statements;
mod tls;
mod transaction;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::registry::StoreSource;
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::Clock;
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use tokio_postgres::types::ToSql;

use self::address::Address;
use self::pool::Connections;
use self::schema::May;
use crate::batching::Batching;
use crate::failure::Failure;
use crate::key_fits;

component!(Store: "postgres", open);
component!(Store: "postgresql", open);

/// How many records one purge deletes at most.
const SLICE: i64 = 1000;

/// Connects to the database that the URL names and brings its tables up to date.
///
/// # Errors
/// [`StoreError::Unusable`] when URL, user, database, certificate or schema are wrong; [`StoreError::Unavailable`] when the server
/// does not answer. The text names the server without its password, and the way out.
pub fn open(source: StoreSource) -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
    Box::pin(async move { Ok(Arc::new(PostgresStore::open(&source).await?) as Arc<dyn Store>) })
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    readers: Connections,
    writers: Connections,
    batching: Batching,
    clock: Arc<dyn Clock>,
    durable: bool,
}

impl PostgresStore {
    async fn open(source: &StoreSource) -> Result<PostgresStore, StoreError> {
        let address = Address::read(source)?;
        let writers = Connections::new(&address, address.writers)?;
        let mut client = writers.get().await?;
        if source.durable {
            demand_durability(&client, &address.shown).await?;
        }
        let may = May { create: source.create, migrate: source.migrate };
        schema::migrate(&mut client, &address.shown, may).await?;
        drop(client);
        let batching = Batching::start(writers.clone(), u32::try_from(address.writers).unwrap_or(1));
        let readers = Connections::new(&address, address.readers)?;
        Ok(PostgresStore { readers, writers, batching, clock: Arc::clone(&source.clock), durable: source.durable })
    }

    async fn find(&self, kind: Kind, key: &Key) -> Result<Lookup<Record>, StoreError> {
        key_fits(kind, key)?;
        let key = row::key(key);
        let found = self.readers.ask(async |client| {
            let statement = client.prepare_cached(&statements::of(kind).select).await?;
            let found = client.query_opt(&statement, &[&*key]).await?;
            found.map(|found| row::record(kind, &found)).transpose()
        });
        Ok(row::lookup(found.await?))
    }

    async fn page(&self, kind: Kind, index: &Index, page: &Page) -> Result<Vec<Record>, StoreError> {
        if let Some(after) = &page.after {
            key_fits(kind, after)?;
        }
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let after = page.after.as_ref().map(row::key);
        let mut columns: Vec<&(dyn ToSql + Sync)> = vec![&limit];
        if let Some(after) = &after {
            columns.push(&**after);
        }
        let name = match index {
            Index::All => None,
            Index::Client(name) | Index::Subject(name) => Some(name.as_bytes()),
        };
        if let Some(name) = &name {
            columns.push(name);
        }
        let sql = statements::list(kind, index, after.is_none());
        let listed = self.readers.ask(async |client| {
            let statement = client.prepare_cached(&sql).await?;
            client.query(&statement, &columns).await?.iter().map(|found| row::record(kind, found)).collect()
        });
        Ok(listed.await?)
    }

    async fn purge_slice(&self, now: Timestamp, horizons: &[(Kind, RecordId)]) -> Result<u64, StoreError> {
        let floors = horizons.iter().filter(|(kind, _)| kind.is_issued()).map(|(kind, floor)| (*kind, floor.raw()));
        let ends = Kind::ALL.into_iter().filter(|kind| !kind.is_issued()).map(|kind| (kind, now.millis()));
        let mut deleted = 0;
        for (kind, bound) in floors.chain(ends) {
            let left = SLICE - deleted;
            if left > 0 {
                let purged = self.readers.ask(async |client| {
                    let statement = client.prepare_cached(&statements::of(kind).purge).await?;
                    client.execute(&statement, &[&bound, &left]).await
                });
                deleted += i64::try_from(purged.await?).unwrap_or(SLICE);
            }
        }
        Ok(deleted.unsigned_abs())
    }

    /// Whether it answers, and would write.
    async fn probe(&self) -> Result<(), StoreError> {
        let reads_only = self.readers.ask(async |client| {
            client.query_one("SELECT current_setting('transaction_read_only') = 'on'", &[]).await?.try_get::<_, bool>(0)
        });
        if reads_only.await? { Err(failure::read_only(self.readers.shown()).into()) } else { Ok(()) }
    }
}

/// Refuses a server that acknowledges commits before they are on the disk, or whose pages do not survive that it stops while it writes
/// them. The URL may have switched off what keyhook asks for.
async fn demand_durability(client: &tokio_postgres::Client, shown: &str) -> Result<(), Failure> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let asked = client.query_one("SELECT current_setting($1)", &[&setting]).await;
        let value: String = asked.and_then(|row| row.try_get(0)).map_err(|error| failure::of(shown, &error))?;
        if value == "off" {
            return Err(failure::not_durable(shown, setting));
        }
    }
    Ok(())
}

impl Store for PostgresStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(self.find(kind, key))
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move { self.page(kind, index, &page).await })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(self.batching.apply(batch))
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.purge_slice(now, horizons))
    }

    fn promises(&self) -> Promises {
        Promises { durable: self.durable, evicts: false, shared: true, atomic: true }
    }

    /// Moves every second: that is how old a cache above may be, whatever other nodes write.
    fn changed_elsewhere(&self) -> u64 {
        self.clock.now().seconds().unsigned_abs()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.probe())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.batching.close().await;
            self.writers.close();
            self.readers.close();
        })
    }
}
