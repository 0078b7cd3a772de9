//! The one thread that writes: it commits what many callers queued in one transaction and answers each after the commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use keyhook_component::batch::{Applied, Held, Operation};
use keyhook_component::fail_point;
use keyhook_component::record::Kind;
use keyhook_component::store::StoreError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};

use super::checkpoint::Checkpointer;
use super::courier::{Mail, ReplyTo};
use super::failure::Failure;
use super::group::{GROUP, Group};
use super::purge;
use super::transaction::{Care, Prepared, Progress, apply_all};

/// How many jobs may wait. Beyond it the disk is too slow for what comes, and an answer now is better than one too late.
const QUEUE: usize = 8192;

/// How often an idle writer looks whether another process has written: the age that a cache above may reach.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How many times it waits so long for another process to end its transaction: five seconds, longer than any commit, shorter
/// than a caller's patience.
const PATIENCE: u32 = 100;

type Answer<T> = oneshot::Sender<Result<T, Failure>>;

/// What the writer is asked.
pub(super) enum Job {
    Write(Write),
    Purge(Purge),
    Probe(Answer<()>),
    Close,
}

/// A batch.
pub(super) struct Write {
    pub(super) operations: Vec<Operation>,
    pub(super) held: Held,
    pub(super) to: ReplyTo,
}

/// A purge.
pub(super) struct Purge {
    pub(super) now: Timestamp,
    pub(super) horizons: Vec<(Kind, RecordId)>,
    pub(super) answer: Answer<u64>,
}

/// The writer, as callers see it.
pub(super) struct WriterHandle {
    jobs: SyncSender<Job>,
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
}

impl WriterHandle {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the file or a thread is not to be had.
    pub(super) fn start(
        mut connection: Connection,
        path: PathBuf,
        durable: bool,
        changed_elsewhere: Arc<AtomicU64>,
    ) -> Result<WriterHandle, StoreError> {
        let checkpointer = Checkpointer::start(&mut connection, &path, durable)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let (alive, ended) = watch::channel(());
        let mut writer =
            Writer { connection, path, checkpointer, changed_elsewhere, data_version: 0, writes: Vec::with_capacity(GROUP), crowd: 0 };
        writer.data_version = writer.data_version_now().map_err(|error| Failure::of(&writer.path, &error))?;
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                writer.run(&jobs);
                drop(alive);
            })
            .map_err(|error| StoreError::Unavailable(format!("KH0409 no thread for writing: {error}")))?;
        Ok(WriterHandle { jobs: queue, ended })
    }

    /// Puts a job in the queue, or says that it is full.
    pub(super) fn queue(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Failure::overloaded().into(),
            TrySendError::Disconnected(_) => Failure::ended().into(),
        })
    }

    /// Ends the thread after everything that is queued, and waits for it.
    pub(super) async fn close(&self) {
        let jobs = self.jobs.clone();
        // The queue may be full: waiting for room must not block the runtime.
        drop(tokio::task::spawn_blocking(move || jobs.send(Job::Close)).await);
        // An error says that the thread has dropped its end.
        while self.ended.clone().changed().await.is_ok() {}
    }
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    checkpointer: Checkpointer,
    changed_elsewhere: Arc<AtomicU64>,
    data_version: i64,
    /// Empty between groups; kept for its room.
    writes: Vec<Write>,
    /// How many writes shared the last commit.
    crowd: usize,
}

/// What comes after a job.
enum Turn {
    /// Whatever is queued.
    Next,
    /// A job that has left the queue.
    Then(Job),
    /// Nothing.
    End,
}

impl Writer {
    /// Until it is closed or nobody is left who could ask.
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match jobs.recv_timeout(LOOK) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    // An error here meets the next writer again, and is told to somebody then.
                    drop(self.look_elsewhere());
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut turn = self.turn(job, jobs);
            while let Turn::Then(job) = turn {
                turn = self.turn(job, jobs);
            }
            if matches!(turn, Turn::End) {
                break;
            }
        }
        self.checkpointer.finish(&self.connection);
    }

    /// Does a job; says what it met in the queue that is not a write.
    fn turn(&mut self, job: Job, jobs: &Receiver<Job>) -> Turn {
        match job {
            Job::Write(write) => return self.commit_group(write, jobs),
            Job::Purge(Purge { now, horizons, answer }) => {
                let purged = self.alone(|connection| purge::slice(connection, now, &horizons));
                drop(answer.send(purged.map(i64::unsigned_abs)));
            }
            Job::Probe(answer) => {
                let able = self.alone(|_| Ok(()));
                drop(answer.send(able));
            }
            Job::Close => return Turn::End,
        }
        Turn::Next
    }

    /// One transaction for every write that is queued before it commits; then, and only then, the answers.
    fn commit_group(&mut self, first: Write, jobs: &Receiver<Job>) -> Turn {
        let mut group = Group { writes: std::mem::take(&mut self.writes), met: None };
        group.writes.push(first);
        if self.crowd > 1 {
            group.gather(jobs);
        }
        self.crowd = group.writes.len();
        let decided = self.decide(&mut group, Care::Bold, jobs).and_then(|decided| match decided {
            Some(decided) => Ok(Some(decided)),
            None => self.decide(&mut group, Care::Savepoints, jobs),
        });
        let decided = decided.map_err(|error| Failure::of(&self.path, &error)).map(Option::unwrap_or_default);
        fail_point!("sqlite.after_commit");
        let mut mail = Mail::default();
        for (index, Write { held, to, .. }) in group.writes.drain(..).enumerate() {
            // Whoever waits above for the write's end hears of it first, even if the caller has gone.
            drop(held);
            let applied = match &decided {
                Ok(decided) => decided.get(index).copied().ok_or_else(Failure::ended),
                Err(failure) => Err(failure.clone()),
            };
            mail.add(to, applied);
        }
        mail.send();
        self.writes = group.writes;
        self.checkpointer.after_commit(&self.connection);
        group.met.map_or(Turn::Next, Turn::Then)
    }

    /// Runs a group as one transaction; `None` if it must be run again with savepoints, and nothing is written.
    fn decide(&mut self, group: &mut Group, care: Care, jobs: &Receiver<Job>) -> rusqlite::Result<Option<Vec<Applied>>> {
        fail_point!("sqlite.before_begin");
        self.begin()?;
        let mut decided = Vec::with_capacity(group.writes.len());
        let mut prepared = Prepared::on(&self.connection);
        loop {
            let waiting = group.writes[decided.len()..].iter().map(|write| write.operations.as_slice());
            match apply_all(&mut prepared, waiting, care, &mut decided) {
                // Whoever came while these were applied comes along: it costs nobody a wait, and saves a commit.
                Ok(Progress::Decided) if group.grow(jobs) => {}
                Ok(Progress::Decided) => return self.commit().map(|()| Some(decided)),
                Ok(Progress::Again) => {
                    self.roll_back();
                    return Ok(None);
                }
                Err(error) => {
                    self.roll_back();
                    return Err(error);
                }
            }
        }
    }

    /// A transaction that is not a group's.
    fn alone<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        let done = self.begin().and_then(|()| match work(&self.connection) {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        });
        self.checkpointer.after_commit(&self.connection);
        done.map_err(|error| Failure::of(&self.path, &error))
    }

    /// From here on no other process writes. While others do, this one goes on looking at what they commit.
    fn begin(&mut self) -> rusqlite::Result<()> {
        let mut patience = PATIENCE;
        loop {
            let begun = self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]);
            let busy = begun.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
            patience -= 1;
            if !busy || patience == 0 {
                begun?;
                return self.look_elsewhere().inspect_err(|_| self.roll_back());
            }
            self.look_elsewhere()?;
        }
    }

    fn commit(&self) -> rusqlite::Result<()> {
        fail_point!("sqlite.before_commit");
        self.connection.prepare_cached("COMMIT")?.execute([]).map(drop).inspect_err(|_| self.roll_back())
    }

    /// SQLite has done it itself after some errors.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(failure = ?Failure::of(&self.path, &error), "a transaction could not be rolled back");
        }
    }

    /// Tells the caches above when another process has committed.
    fn look_elsewhere(&mut self) -> rusqlite::Result<()> {
        let now = self.data_version_now()?;
        if now != self.data_version {
            self.data_version = now;
            self.changed_elsewhere.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn data_version_now(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
    }
}
