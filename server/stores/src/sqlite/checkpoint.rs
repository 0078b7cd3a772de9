//! Moves what the log holds into the database file, on a thread and a connection of its own, so that commits do not wait for it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use keyhook_component::fail_point;
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::failure::Failure;
use super::open;

/// A checkpoint is due whenever the log has grown by so many pages (4 MiB, SQLite's own default).
const DUE: usize = 1000;

/// Under writes without a pause the log never empties, because new pages come while old ones are copied. Past this many pages
/// (64 MiB) the writer copies the short rest itself, between two commits, and the log starts from its beginning again.
const LONG: usize = 16_000;

/// Past this many pages (96 MiB) copying is slower than writing: the writer waits for it, whatever the rest.
const TOO_LONG: usize = 24_000;

/// What the writer knows of its log.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// Pages in the log when the last checkpoint was asked for.
    asked_at: usize,
}

#[derive(Default)]
struct Shared {
    pages: AtomicUsize,
    rest_is_short: AtomicBool,
    /// Held while the thread copies.
    copying: Mutex<()>,
}

impl Checkpointer {
    /// Watches the log of the writer's connection.
    ///
    /// # Errors
    /// When the file cannot be opened once more.
    pub(super) fn start(writer: &mut Connection, path: &Path, durable: bool) -> Result<Checkpointer, Failure> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        // Also ends the automatic checkpoints of this connection.
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            seen.pages.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(|error| Failure::of(path, &error))?;
        let connection = open::checkpointer(path, durable)?;
        let (wake, woken) = sync_channel(1);
        let (for_thread, path) = (Arc::clone(&shared), path.to_owned());
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || run(&connection, &woken, &for_thread, &path))
            .map_err(|error| Failure::Unavailable(format!("KH0409 no thread for checkpoints: {error}")))?;
        Ok(Checkpointer { wake, shared, thread, asked_at: 0 })
    }

    /// Called between two commits.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < self.asked_at {
            self.asked_at = 0;
        }
        let due = pages >= self.asked_at + DUE;
        if due {
            self.asked_at = pages;
        }
        if due && pages >= TOO_LONG {
            let _waited = self.shared.copying.lock();
            drop(writer.wal_checkpoint_v2(MAIN, CheckpointMode::PASSIVE));
        } else if due {
            // Full means that one is due already.
            let _ = self.wake.try_send(());
        }
        if self.shared.rest_is_short.swap(false, Ordering::Relaxed) {
            // Fails when the other connection is at it again; then the next time will do.
            drop(writer.wal_checkpoint_v2(MAIN, CheckpointMode::PASSIVE));
        }
    }

    /// Ends the thread, then empties the log.
    pub(super) fn finish(self, writer: &Connection) {
        drop(self.wake);
        drop(self.thread.join());
        fail_point!("sqlite.before_checkpoint");
        // Another process may hold the log: then it stays, and is read at the next start.
        drop(writer.wal_checkpoint_v2(MAIN, CheckpointMode::TRUNCATE));
        fail_point!("sqlite.after_checkpoint");
    }
}

const MAIN: Option<&std::ffi::CStr> = Some(c"main");

fn run(connection: &Connection, woken: &Receiver<()>, shared: &Shared, path: &Path) {
    while woken.recv().is_ok() {
        let copied = {
            let _copying = shared.copying.lock();
            fail_point!("sqlite.before_checkpoint");
            connection.wal_checkpoint_v2(MAIN, CheckpointMode::PASSIVE)
        };
        fail_point!("sqlite.after_checkpoint");
        match copied {
            Ok((pages, copied)) => {
                let (pages, copied) = (usize::try_from(pages).unwrap_or(0), usize::try_from(copied).unwrap_or(0));
                if pages > LONG && copied > pages / 2 {
                    shared.rest_is_short.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => {
                let failure = Failure::of(path, &error);
                tracing::warn!(?failure, "the log could not be checkpointed and grows");
            }
        }
    }
}
