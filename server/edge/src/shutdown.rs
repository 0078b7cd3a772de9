//! Tells every connection to finish, and later to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const ENDING: u8 = 2;

/// The state of stopping; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<State>);

#[derive(Debug, Default)]
struct State {
    phase: AtomicU8,
    changed: Notify,
}

impl Shutdown {
    /// Stops accepting; connections finish what they are answering and close.
    pub fn drain(&self) {
        self.0.phase.fetch_max(DRAINING, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }

    /// Ends what is left.
    pub fn end(&self) {
        self.0.phase.fetch_max(ENDING, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }

    /// Whether [`Shutdown::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) != RUNNING
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) == ENDING
    }

    /// Resolves at the next change. Make it before looking at the state, or a change in between is missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.0.changed.notified()
    }

    /// Resolves when draining began.
    pub async fn draining(&self) {
        loop {
            let changed = self.changed();
            if self.is_draining() {
                return;
            }
            changed.await;
        }
    }

    /// Resolves so long after draining began.
    pub(crate) async fn lingered(&self, linger: Duration) {
        self.draining().await;
        tokio::time::sleep(linger).await;
    }
}
