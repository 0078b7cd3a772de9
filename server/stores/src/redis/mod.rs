//! `redis://host:6379`, `rediss://…` over TLS, `redis+cluster://host:7000,host:7001` and `rediss+cluster://…`: a Redis or Valkey that many
//! nodes share.
//!
//! A batch is one command or one script, which Redis runs alone. Records of one grant lie in one slot, so a cluster is as atomic as one
//! server is.

mod facts;
mod failure;
pub mod foreign;
mod link;
mod listing;
mod place;
mod purge;
mod settings;
mod write;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::registry::{Opening, StoreSource};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::Clock;
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use redis::{Cmd, FromRedisValue, RedisResult, Script};

use self::link::Link;
use self::place::Keys;
use self::purge::Walk;
use self::settings::{Settings, Sort};
use crate::flight::Flights;
use crate::packed::unpack;
use crate::{key_fits, keys_fit};

component!(Store: "redis", one);
component!(Store: "rediss", one_over_tls);
component!(Store: "redis+cluster", cluster);
component!(Store: "rediss+cluster", cluster_over_tls);

/// The layout of keys and records that this keyhook writes.
const LAYOUT: &str = "1";

/// Opens one server.
///
/// # Errors
/// [`StoreError::Unusable`] when the URL is wrong, or nothing may be made and nothing is there, or a newer keyhook wrote it;
/// [`StoreError::Unavailable`] when it does not answer or does not let keyhook in.
pub fn one(source: StoreSource) -> Opening {
    open(source, Sort { cluster: false, tls: false })
}

/// Opens one server over TLS.
///
/// # Errors
/// As [`one`].
pub fn one_over_tls(source: StoreSource) -> Opening {
    open(source, Sort { cluster: false, tls: true })
}

/// Opens a cluster by some of its nodes.
///
/// # Errors
/// As [`one`].
pub fn cluster(source: StoreSource) -> Opening {
    open(source, Sort { cluster: true, tls: false })
}

/// Opens a cluster over TLS.
///
/// # Errors
/// As [`one`].
pub fn cluster_over_tls(source: StoreSource) -> Opening {
    open(source, Sort { cluster: true, tls: true })
}

fn open(source: StoreSource, sort: Sort) -> Opening {
    Box::pin(async move {
        let settings = Settings::read(&source.address, sort)?;
        let store = RedisStore::open(&source, &settings).await?;
        Ok(Arc::new(store) as Arc<dyn Store>)
    })
}

/// A store in Redis.
pub struct RedisStore {
    server: Arc<Server>,
    promises: Promises,
    flights: Flights,
}

/// What every operation needs.
pub(crate) struct Server {
    link: Link,
    keys: Keys,
    /// Where it is, for people.
    shown: String,
    clock: Arc<dyn Clock>,
    apply: Program,
    purge: Program,
    walk: Mutex<Walk>,
}

/// A script, and the hash that Redis knows it by.
struct Program {
    text: &'static str,
    hash: String,
}

impl Program {
    fn new(text: &'static str) -> Program {
        Program { text, hash: Script::new(text).get_hash().to_owned() }
    }
}

impl Server {
    /// Runs a script; one that Redis has forgotten is sent along.
    async fn run<T: FromRedisValue>(&self, program: &Program, arguments: impl Fn(&mut Cmd)) -> RedisResult<T> {
        let command = |verb: &str, script: &str| {
            let mut command = redis::cmd(verb);
            command.arg(script);
            arguments(&mut command);
            command
        };
        match self.link.ask(&command("EVALSHA", &program.hash)).await {
            Err(error) if error.code() == Some("NOSCRIPT") => self.link.ask(&command("EVAL", program.text)).await,
            said => said,
        }
    }

    fn walk(&self) -> Walk {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn walk_from(&self, walk: Walk) {
        *self.walk.lock().unwrap_or_else(PoisonError::into_inner) = walk;
    }
}

impl RedisStore {
    async fn open(source: &StoreSource, settings: &Settings) -> Result<RedisStore, StoreError> {
        let failed = |error: redis::RedisError| failure::of(&settings.shown, &error);
        let server = Server {
            link: Link::open(settings).await.map_err(failed)?,
            keys: Keys::new(&settings.prefix),
            shown: settings.shown.clone(),
            clock: Arc::clone(&source.clock),
            apply: Program::new(include_str!("apply.lua")),
            purge: Program::new(include_str!("purge.lua")),
            walk: Mutex::default(),
        };
        claim(&server, source.create).await?;
        let promises = facts::ask(&server.link, &settings.shown, source.durable).await.map_err(failed)?;
        Ok(RedisStore { server: Arc::new(server), promises, flights: Flights::default() })
    }

    async fn find(&self, kind: Kind, key: &Key) -> Result<Lookup<Record>, StoreError> {
        key_fits(kind, key)?;
        let command = listing::get(&self.server, kind, key);
        let found: RedisResult<Option<Vec<u8>>> = self.server.link.ask(&command).await;
        let Some(bytes) = found.map_err(|error| failure::of(&self.server.shown, &error))? else { return Ok(Lookup::Absent) };
        let record = unpack(kind, key, &bytes)?;
        Ok(if record.state == State::Live { Lookup::Live(record) } else { Lookup::Spent(record) })
    }
}

/// Says under which layout the records are kept, or refuses one that this keyhook does not know.
async fn claim(server: &Server, create: bool) -> Result<(), StoreError> {
    let failed = |error: redis::RedisError| failure::of(&server.shown, &error);
    if create {
        let _: Option<String> = server.link.ask(redis::cmd("SET").arg(server.keys.layout()).arg(LAYOUT).arg("NX")).await.map_err(failed)?;
    }
    let found: Option<String> = server.link.ask(redis::cmd("GET").arg(server.keys.layout())).await.map_err(failed)?;
    match found.as_deref() {
        Some(LAYOUT) => Ok(()),
        Some(other) => Err(failure::newer(&server.shown, other)),
        None => Err(failure::missing(&server.shown)),
    }
}

impl Store for RedisStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(self.find(kind, key))
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            if let Some(after) = &page.after {
                key_fits(kind, after)?;
            }
            listing::list(&self.server, kind, index, page).await
        })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            keys_fit(batch.operations())?;
            let (operations, held) = batch.into_parts();
            let server = Arc::clone(&self.server);
            self.flights.fly(held, async move { write::write(&server, &operations).await }).await
        })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let deleted = purge::slice(&self.server, now, horizons).await;
            deleted.map_err(|error| failure::of(&self.server.shown, &error))
        })
    }

    fn promises(&self) -> Promises {
        self.promises
    }

    /// Another node may have written at any moment, so nothing is believed for longer than a second.
    fn changed_elsewhere(&self) -> u64 {
        self.server.clock.now().seconds().unsigned_abs()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.server.link.check().await.map_err(|error| failure::of(&self.server.shown, &error)) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.flights.land())
    }
}
