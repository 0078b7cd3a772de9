//! `memcached://host:11211[,host:11211 …]`: records in a cache that many nodes share, for `grants` and `short` alone.
//!
//! memcached drops records when it needs the room and forgets all of them when it ends. There, absence only refuses. It cannot list what
//! it holds: a listing is empty, and nothing needs purging.

mod failure;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::registry::{Opening, StoreSource};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::Clock;
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use memcache::exp::AsyncMetaClient;

use crate::address::{Address, wrong};
use crate::flight::{DEADLINE, Flights};
use crate::{key_fits, keys_fit, naming};

component!(Store: "memcached", open);

/// More callers than that wait for a connection.
const CONNECTIONS: usize = 256;

/// Opens the servers that the address names; several share the records out by their keys.
///
/// # Errors
/// [`StoreError::Unusable`] when the URL is wrong, [`StoreError::Unavailable`] when a server does not answer.
pub fn open(source: StoreSource) -> Opening {
    Box::pin(async move { Ok(Arc::new(MemcachedStore::open(&source).await?) as Arc<dyn Store>) })
}

/// A store in memcached.
pub struct MemcachedStore {
    server: Arc<Server>,
    flights: Flights,
}

/// What every operation needs.
struct Server {
    client: AsyncMetaClient,
    prefix: String,
    /// Where it is, for people.
    shown: String,
    clock: Arc<dyn Clock>,
    /// Seconds that a grant may live; zero until the first purge says it.
    longest: AtomicU64,
}

impl Server {
    /// The key of a record: letters, digits and `-._~%:`, below 250 bytes for all that keyhook names in these groups.
    fn key(&self, kind: Kind, key: &Key) -> String {
        format!("{}:{}:{}", self.prefix, kind.name(), naming::encode(key))
    }

    fn longest(&self) -> Option<Duration> {
        Some(self.longest.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0).map(Duration::from_secs)
    }
}

impl MemcachedStore {
    async fn open(source: &StoreSource) -> Result<MemcachedStore, StoreError> {
        let address = Address::parse(&source.address, &["prefix"])?;
        if address.user.is_some() || !address.database.is_empty() {
            return Err(wrong("memcached has neither users nor databases; let its port be reached by keyhook alone"));
        }
        let prefix = address.option("prefix").unwrap_or("kh").to_owned();
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            return Err(wrong("`prefix` is at most 64 letters, digits, `-`, `.` and `_`"));
        }
        let shown = address.shown();
        let failed = |error| failure::of(&shown, &error);
        let hosts: Vec<String> = address.hosts.iter().map(ToString::to_string).collect();
        let client = AsyncMetaClient::builder()
            .max_connections(Some(CONNECTIONS))
            .max_idle(CONNECTIONS)
            .connect_timeout(Some(Duration::from_secs(1)))
            .io_timeout(Some(DEADLINE))
            .connect_multiple_async(hosts)
            .await
            .map_err(failed)?;
        client.noop().await.map_err(failed)?;
        let server = Server { client, prefix, shown, clock: Arc::clone(&source.clock), longest: AtomicU64::new(0) };
        Ok(MemcachedStore { server: Arc::new(server), flights: Flights::default() })
    }
}

impl Store for MemcachedStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async move {
            key_fits(kind, key)?;
            Ok(match write::find(&self.server, kind, key).await? {
                None => Lookup::Absent,
                Some((record, _)) if record.state == State::Live => Lookup::Live(record),
                Some((record, _)) => Lookup::Spent(record),
            })
        })
    }

    /// Nothing: memcached does not say what it holds.
    fn list<'a>(&'a self, _kind: Kind, _index: &'a Index, _page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            keys_fit(batch.operations())?;
            let (operations, held) = batch.into_parts();
            let server = Arc::clone(&self.server);
            self.flights.fly(held, async move { write::write(&server, &operations).await }).await
        })
    }

    /// Deletes nothing, for every record has its end with it. The horizons say how long codes have to be remembered.
    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        let longest = horizons.iter().find(|(kind, _)| *kind == Kind::Code).map(|(_, floor)| floor.born().until(now));
        if let Some(longest) = longest {
            self.server.longest.store(longest.as_secs(), Ordering::Relaxed);
        }
        Box::pin(std::future::ready(Ok(0)))
    }

    fn promises(&self) -> Promises {
        Promises { durable: false, evicts: true, shared: true, atomic: false }
    }

    /// Another node may have written at any moment, so nothing is believed for longer than a second.
    fn changed_elsewhere(&self) -> u64 {
        self.server.clock.now().seconds().unsigned_abs()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.server.client.noop().await.map_err(|error| failure::of(&self.server.shown, &error)) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.flights.land())
    }
}
