//! Commits many callers' batches in one transaction of a SQL database, and answers each after its commit.
//!
//! A transaction locks the rows that its batches look at, decides in memory what becomes of them ([`decide`]), and writes what
//! changed with one statement per kind and verb. So a group costs two or three round trips however many callers share it, and
//! every database decides by the same code.

mod commit;
pub(crate) mod decide;

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch, Held, Operation};
use keyhook_component::record::{Key, Kind};
use keyhook_component::store::StoreError;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use self::decide::{Changes, Known};
use crate::failure::Failure;
use crate::keys_fit;

/// How many batches may wait. Beyond it the database is too slow for what comes, and an answer now is better than one too late.
const QUEUE: usize = 8192;

/// How many batches share a commit at most, and how large their bodies may be together: what a caller may have to wait for.
const GROUP: usize = 1024;
const GROUP_BYTES: usize = 4 << 20;

/// Why a transaction ended without having written.
pub(crate) enum Trouble {
    /// Nothing was written, and a new transaction may succeed: a deadlock, a key that somebody else inserted, a connection that
    /// was found closed. The failure is told when it does not.
    Again(Failure),
    /// Told as it is. The batches may have been written if the connection was lost while they were committed.
    Final(Failure),
}

/// A database that has transactions.
pub(crate) trait Database: Send + Sync + 'static {
    /// One of them.
    type Transaction: Transaction;

    /// Begins one.
    fn begin(&self) -> impl Future<Output = Result<Self::Transaction, Trouble>> + Send;
}

/// A transaction. Dropping it rolls it back.
pub(crate) trait Transaction: Send {
    /// Locks the rows under these keys, which are sorted, until the transaction ends, and says which there are.
    fn lock<'a>(&mut self, kind: Kind, keys: &[&'a Key]) -> impl Future<Output = Result<Vec<(&'a Key, Known)>, Trouble>> + Send;

    /// Writes and commits. [`Trouble::Again`] if a key to insert exists.
    fn commit(self, changes: &Changes<'_>) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// A batch on its way.
struct Write {
    operations: Vec<Operation>,
    held: Held,
    answer: oneshot::Sender<Result<Applied, Failure>>,
}

impl Write {
    fn bytes(&self) -> usize {
        let body = |operation: &Operation| match operation {
            Operation::Insert(record) | Operation::Put(record) | Operation::Replace(record) => record.body.len(),
            Operation::Take { body, .. } => body.as_ref().map_or(0, Vec::len),
            Operation::Delete { .. } => 0,
        };
        self.operations.iter().map(body).sum()
    }
}

/// The writer, as callers see it.
pub(crate) struct Batching {
    queue: mpsc::Sender<Write>,
    closing: Arc<Notify>,
    dispatcher: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Batching {
    /// Starts it on this runtime, with so many transactions at a time.
    pub(crate) fn start<D: Database>(database: D, transactions: u32) -> Batching {
        let (queue, writes) = mpsc::channel(QUEUE);
        let closing = Arc::new(Notify::new());
        let dispatcher = tokio::spawn(dispatch(Arc::new(database), writes, transactions, Arc::clone(&closing)));
        Batching { queue, closing, dispatcher: tokio::sync::Mutex::new(Some(dispatcher)) }
    }

    /// Queues a batch at once, so that it is written even if the caller leaves, and waits for what became of it.
    ///
    /// # Errors
    /// When the queue is full or closed, or the database did not commit.
    pub(crate) async fn apply(&self, batch: Batch) -> Result<Applied, StoreError> {
        keys_fit(batch.operations())?;
        let (operations, held) = batch.into_parts();
        if operations.is_empty() {
            drop(held);
            return Ok(Applied::Applied);
        }
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Write { operations, held, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Failure::overloaded(),
            mpsc::error::TrySendError::Closed(_) => Failure::ended(),
        })?;
        answered.await.map_err(|_| Failure::ended()).flatten().map_err(StoreError::from)
    }

    /// Takes nothing more, and waits until what is queued is written.
    pub(crate) async fn close(&self) {
        self.closing.notify_one();
        if let Some(dispatcher) = self.dispatcher.lock().await.take() {
            drop(dispatcher.await);
        }
    }
}

/// Gives a group of what is queued to each transaction that is free. While none is, the next group grows.
async fn dispatch<D: Database>(database: Arc<D>, mut writes: mpsc::Receiver<Write>, transactions: u32, closing: Arc<Notify>) {
    let free = Arc::new(Semaphore::new(transactions as usize));
    loop {
        let first = tokio::select! {
            biased;
            first = writes.recv() => first,
            () = closing.notified() => {
                writes.close();
                continue;
            }
        };
        let Some(first) = first else { break };
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { break };
        let group = gather(first, &mut writes);
        let database = Arc::clone(&database);
        tokio::spawn(async move {
            commit::group(&*database, group).await;
            drop(permit);
        });
    }
    drop(free.acquire_many(transactions).await);
}

fn gather(first: Write, writes: &mut mpsc::Receiver<Write>) -> Vec<Write> {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while group.len() < GROUP
        && bytes < GROUP_BYTES
        && let Ok(next) = writes.try_recv()
    {
        bytes += next.bytes();
        group.push(next);
    }
    group
}
