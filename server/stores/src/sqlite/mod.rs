//! `sqlite:keyhook.db` keeps records in one file: WAL, one thread that writes many callers' batches per commit, readers of their own.
//!
//! A caller is answered after its commit is durable, and a record is taken by one caller among threads and processes, because
//! every write happens in a `BEGIN IMMEDIATE` transaction of the one writer.

mod checkpoint;
mod courier;
mod failure;
mod group;
mod open;
mod purge;
mod readers;
mod row;
mod schema;
mod statements;
mod transaction;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::registry::StoreSource;
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::{BoxFuture, component};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use tokio::sync::oneshot;

use self::courier::ReplyTo;
use self::failure::Failure;
use self::readers::Readers;
use self::writer::{Job, Purge, Write, WriterHandle};
use crate::{key_fits, keys_fit};

component!(Store: "sqlite", open);

/// Opens the file that the address names (relative to the data folder; `keyhook.db` if empty) and brings its schema up to date.
///
/// # Errors
/// [`StoreError::Unusable`] when the file is missing and may not be made, is not ours, damaged or newer, or cannot be written;
/// [`StoreError::Unavailable`] when another process holds it. The text names the file and the way out.
pub fn open(source: StoreSource) -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
    Box::pin(async move {
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&source)).await;
        let store = opened.map_err(|_| StoreError::Unusable("opening the database ended in a panic".to_owned()))??;
        Ok(Arc::new(store) as Arc<dyn Store>)
    })
}

/// A store in one SQLite file.
pub struct SqliteStore {
    readers: Arc<Readers>,
    writer: WriterHandle,
    changed_elsewhere: Arc<AtomicU64>,
    durable: bool,
}

impl SqliteStore {
    fn open(source: &StoreSource) -> Result<SqliteStore, StoreError> {
        let path = open::locate(source)?;
        let connection = open::writer(&path, source)?;
        let readers = Arc::new(Readers::open(&path)?);
        let changed_elsewhere = Arc::new(AtomicU64::new(0));
        let writer = WriterHandle::start(connection, path, source.durable, Arc::clone(&changed_elsewhere))?;
        Ok(SqliteStore { readers, writer, changed_elsewhere, durable: source.durable })
    }

    /// Puts a job in the writer's queue and waits for its answer.
    async fn ask<T>(&self, make: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.writer.queue(make(answer))?;
        told(answered.await)
    }
}

/// What the writer said, or that it ended without a word.
fn told<T>(answered: Result<Result<T, Failure>, oneshot::error::RecvError>) -> Result<T, StoreError> {
    answered.map_err(|_| Failure::ended()).flatten().map_err(StoreError::from)
}

impl Store for SqliteStore {
    /// Reads on the calling thread: a look-up by primary key takes microseconds, less than handing it to another thread
    /// (ADR "Point reads run inline").
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async move {
            key_fits(kind, key)?;
            self.readers.get(kind, key)
        })
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            if let Some(after) = &page.after {
                key_fits(kind, after)?;
            }
            let (readers, index) = (Arc::clone(&self.readers), index.clone());
            let listed = tokio::task::spawn_blocking(move || readers.list(kind, &index, &page)).await;
            listed.map_err(|_| StoreError::Unavailable("listing ended in a panic".to_owned()))?
        })
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            keys_fit(batch.operations())?;
            let (operations, held) = batch.into_parts();
            let (to, answered) = ReplyTo::here();
            self.writer.queue(Job::Write(Write { operations, held, to }))?;
            told(answered.await)
        })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.ask(move |answer| Job::Purge(Purge { now, horizons: horizons.to_vec(), answer })))
    }

    fn promises(&self) -> Promises {
        Promises { durable: self.durable, evicts: false, shared: true, atomic: true }
    }

    fn changed_elsewhere(&self) -> u64 {
        self.changed_elsewhere.load(Ordering::Acquire)
    }

    /// Asks the writer to open and end a transaction, so that a file locked or taken away is noticed.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(Job::Probe))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.writer.close())
    }
}
