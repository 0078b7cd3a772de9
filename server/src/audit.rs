//! The audit log: one line per decision, written by a thread of its own from a bounded queue.
//!
//! A full queue slows whoever brings the next event, for a bounded time; what is lost after that is counted and said.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use keyhook_component::audit::{Audit, Event};
use keyhook_core::crypto::hmac_sha256;

use crate::logging;

const QUEUE: usize = 16_384;
/// How long a caller is held when the queue is full, in steps of a millisecond.
const PATIENCE: u32 = 20;
/// After a batch the writer lets events gather: they go out together, and whoever brings one need not wake it.
const GATHER: Duration = Duration::from_millis(2);

/// The audit log of a server.
pub(crate) struct AuditLog {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    lost: AtomicU64,
}

#[derive(Default)]
struct Queue {
    events: Vec<Event>,
    capacity: usize,
    /// The writer sleeps until it is told.
    idle: bool,
    /// No event comes any more; what is there is written, and the thread ends.
    closed: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event, or gives it back when there is no room.
    fn push(&self, event: Event) -> Result<(), Event> {
        let mut queue = self.queue();
        if queue.closed || queue.events.len() >= queue.capacity {
            return Err(event);
        }
        queue.events.push(event);
        let wake = std::mem::take(&mut queue.idle);
        drop(queue);
        if wake {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for events, and swaps them for the emptied `batch`. `false` when the log is closed and nothing is left.
    fn take(&self, batch: &mut Vec<Event>) -> bool {
        let mut queue = self.queue();
        while queue.events.is_empty() {
            if queue.closed {
                return false;
            }
            queue.idle = true;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut queue.events, batch);
        true
    }

    /// Lets events gather, unless the log is being closed.
    fn gather(&self) {
        let queue = self.queue();
        let closed = |queue: &mut Queue| !queue.closed;
        drop(self.changed.wait_timeout_while(queue, GATHER, closed));
    }
}

impl AuditLog {
    /// Starts the writer. `key` keys the hashes of subjects.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn start(key: [u8; 32]) -> std::io::Result<AuditLog> {
        AuditLog::with(QUEUE, move |event| write(&key, event))
    }

    fn with(capacity: usize, write: impl Fn(&Event) + Send + 'static) -> std::io::Result<AuditLog> {
        let queue = Mutex::new(Queue { capacity, ..Queue::default() });
        let shared = Arc::new(Shared { queue, changed: Condvar::new(), lost: AtomicU64::new(0) });
        let own = Arc::clone(&shared);
        // Threads inherit no dispatcher of their own: what the test or the program set for this thread is used there too.
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let writer = std::thread::Builder::new()
            .name("keyhook-audit".to_owned())
            .spawn(move || tracing::dispatcher::with_default(&dispatch, || drain(&own, write)))?;
        Ok(AuditLog { shared, writer: Mutex::new(Some(writer)) })
    }

    /// How many events were lost because nothing could be written in time.
    #[cfg(test)]
    fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Writes what is queued and ends the thread. Events that come later are lost.
    pub(crate) fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            self.shared.queue().closed = true;
            self.shared.changed.notify_all();
            let _ = writer.join();
        }
    }
}

impl Audit for AuditLog {
    fn record(&self, event: Event) {
        let Err(mut event) = self.shared.push(event) else { return };
        for _ in 0..PATIENCE {
            #[allow(clippy::disallowed_methods, reason = "on purpose: whoever makes events faster than they are written is slowed")]
            std::thread::sleep(Duration::from_millis(1));
            match self.shared.push(event) {
                Ok(()) => return,
                Err(back) => event = back,
            }
        }
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

fn drain(shared: &Shared, write: impl Fn(&Event)) {
    let mut reported = 0;
    let mut batch = Vec::new();
    while shared.take(&mut batch) {
        logging::together(|| batch.drain(..).for_each(|event| write(&event)));
        let now = shared.lost.load(Ordering::Relaxed);
        if now > reported {
            tracing::error!(target: "audit", code = "KH0158", lost = now - reported, "audit events were lost: the log is written too slowly");
            reported = now;
        }
        shared.gather();
    }
}

fn write(key: &[u8; 32], event: &Event) {
    let sub_hash = event.subject.as_deref().map(|subject| short_hash(key, subject));
    tracing::info!(
        target: "audit",
        event = event.decision.name(),
        outcome = event.outcome,
        code = (!event.code.is_empty()).then_some(event.code),
        request_id = event.request_id.as_deref(),
        client_id = event.client_id.as_deref(),
        sub_hash = sub_hash.as_deref(),
        plugin = event.plugin.as_deref(),
        detail = event.detail.as_deref(),
    );
}

/// 64 bits of a keyed hash: enough to follow a user through the log, nothing to guess a user from.
fn short_hash(key: &[u8; 32], subject: &str) -> String {
    use std::fmt::Write as _;
    hmac_sha256(key, subject.as_bytes())[..8].iter().fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::sync::mpsc::channel;

    use keyhook_component::audit::Decision;

    use super::*;

    #[test]
    fn closing_writes_what_is_queued() {
        let (written, seen) = channel();
        let log = AuditLog::with(8, move |event| written.send(event.outcome).unwrap()).unwrap();
        for outcome in ["ok", "invalid_grant", "ok"] {
            log.record(Event::new(Decision::Token, outcome));
        }
        log.close();
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["ok", "invalid_grant", "ok"]);
        assert_eq!(log.lost(), 0);
    }

    #[test]
    fn an_event_that_cannot_be_queued_in_time_is_counted() {
        let gate = Arc::new(Mutex::new(()));
        let held = gate.lock().unwrap();
        let inner = Arc::clone(&gate);
        let log = AuditLog::with(1, move |_| drop(inner.lock())).unwrap();
        for _ in 0..4 {
            log.record(Event::new(Decision::Token, "ok"));
        }
        assert!(log.lost() >= 1);
        drop(held);
        log.close();
    }

    #[test]
    fn a_subject_is_hashed_with_the_key() {
        assert_ne!(short_hash(&[1; 32], "alice"), short_hash(&[2; 32], "alice"));
        assert_eq!(short_hash(&[1; 32], "alice").len(), 16);
    }
}
