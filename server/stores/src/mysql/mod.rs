//! `mysql://user:password@host/database` keeps records in MariaDB or MySQL (InnoDB), for many nodes at once: one table per kind, many
//! callers' batches per commit, look-ups over a small pool.
//!
//! A record is taken by one caller among all nodes, because whoever decides holds its row's lock until the commit.

mod address;
mod failure;
pub mod foreign;
mod pool;
mod row;
mod schema;
mod statements;
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
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Params, Row as Found, Value};

use self::address::Address;
use self::pool::{Connections, in_time};
use self::schema::May;
use crate::batching::Batching;
use crate::failure::Failure;
use crate::key_fits;

component!(Store: "mysql", open);
component!(Store: "mariadb", open);

/// How many records one purge deletes at most.
const SLICE: u64 = 1000;

/// Connects to the database that the URL names and brings its tables up to date.
///
/// # Errors
/// [`StoreError::Unusable`] when URL, user, database, certificate or schema are wrong, or commits are not durable and have to be;
/// [`StoreError::Unavailable`] when the server does not answer. The text names the server without its password, and the way out.
pub fn open(source: StoreSource) -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
    Box::pin(async move { Ok(Arc::new(MysqlStore::open(&source).await?) as Arc<dyn Store>) })
}

/// A store in a MariaDB or MySQL database.
pub struct MysqlStore {
    readers: Connections,
    writers: Connections,
    batching: Batching,
    clock: Arc<dyn Clock>,
    durable: bool,
}

impl MysqlStore {
    async fn open(source: &StoreSource) -> Result<MysqlStore, StoreError> {
        let address = Address::read(&source.address)?;
        let shown = &address.shown;
        let writers = Connections::new(&address, address.writers);
        let connected = in_time(writers.pool.get_conn()).await.ok_or_else(|| failure::silent(shown))?;
        let mut connection = connected.map_err(|error| failure::of(shown, &error))?;
        if source.durable {
            demand_durability(&mut connection, shown).await?;
        }
        schema::migrate(&mut connection, shown, May { create: source.create, migrate: source.migrate }).await?;
        drop(connection);
        let batching = Batching::start(writers.clone(), u32::try_from(address.writers).unwrap_or(1));
        let readers = Connections::new(&address, address.readers);
        Ok(MysqlStore { readers, writers, batching, clock: Arc::clone(&source.clock), durable: source.durable })
    }

    async fn find(&self, kind: Kind, key: &Key) -> Result<Lookup<Record>, StoreError> {
        key_fits(kind, key)?;
        let key = row::key(key);
        let found = self.readers.ask(move |mut connection| async move {
            let found: Option<Found> = connection.exec_first(statements::select(kind), (key,)).await?;
            found.map(|found| row::record(kind, found)).transpose()
        });
        Ok(row::lookup(found.await?))
    }

    async fn page(&self, kind: Kind, index: &Index, page: &Page) -> Result<Vec<Record>, StoreError> {
        let mut values = Vec::new();
        if let Some(after) = &page.after {
            key_fits(kind, after)?;
            values.push(row::key(after));
        }
        if let Index::Client(name) | Index::Subject(name) = index {
            values.push(Value::Bytes(name.as_bytes().to_vec()));
        }
        values.push(Value::UInt(page.limit as u64));
        let sql = statements::list(kind, index, page.after.is_none());
        let listed = self.readers.ask(move |mut connection| async move {
            let found: Vec<Found> = connection.exec(sql, Params::Positional(values)).await?;
            found.into_iter().map(|found| row::record(kind, found)).collect()
        });
        Ok(listed.await?)
    }

    async fn purge_slice(&self, now: Timestamp, horizons: &[(Kind, RecordId)]) -> Result<u64, StoreError> {
        let floors = horizons.iter().filter(|(kind, _)| kind.is_issued()).map(|(kind, floor)| (*kind, floor.raw()));
        let ends = Kind::ALL.into_iter().filter(|kind| !kind.is_issued()).map(|kind| (kind, now.millis()));
        let mut deleted = 0;
        for (kind, bound) in floors.chain(ends) {
            let left = SLICE.saturating_sub(deleted);
            if left > 0 {
                let purged = self.readers.ask(move |mut connection| async move {
                    connection.exec_drop(statements::purge(kind), (bound, left)).await?;
                    Ok(connection.affected_rows())
                });
                deleted += purged.await?;
            }
        }
        Ok(deleted)
    }

    /// Whether it answers, and would write.
    async fn probe(&self) -> Result<(), StoreError> {
        let asked = self.readers.ask(|mut connection| async move {
            let reads_only: Option<i64> = connection.query_first("SELECT @@read_only").await?;
            Ok(reads_only.unwrap_or_default() != 0)
        });
        if asked.await? { Err(failure::read_only(self.readers.shown()).into()) } else { Ok(()) }
    }
}

/// Refuses a server that acknowledges commits before they are on the disk.
async fn demand_durability(connection: &mut Conn, shown: &str) -> Result<(), Failure> {
    let setting: Result<Option<i64>, _> = connection.query_first("SELECT @@innodb_flush_log_at_trx_commit").await;
    match setting.map_err(|error| failure::of(shown, &error))?.unwrap_or_default() {
        // MariaDB's 3 flushes twice.
        1 | 3 => Ok(()),
        setting => Err(failure::not_durable(shown, setting)),
    }
}

impl Store for MysqlStore {
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
            self.writers.close().await;
            self.readers.close().await;
        })
    }
}
