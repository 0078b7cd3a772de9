//! How many calls of one plugin may block at once, and how many may wait: a plugin that hangs delays nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one plugin.
pub(crate) struct Bulkhead {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

/// A place. It moves into the thread that runs the plugin: a request that gave up must not free the place of a thread that hangs.
pub(crate) type Place = OwnedSemaphorePermit;

impl Bulkhead {
    /// `places` calls at once, `queue` more that wait.
    pub(crate) fn new(places: usize, queue: usize) -> Bulkhead {
        Bulkhead { places: Arc::new(Semaphore::new(places.clamp(1, 512))), waiting: AtomicUsize::new(0), queue }
    }

    /// A place if one is free now.
    pub(crate) fn try_enter(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// A place, waiting at most `patience`; `None` when the queue is full or the time is over.
    pub(crate) async fn enter(&self, patience: Duration) -> Option<Place> {
        if let Some(place) = self.try_enter() {
            return Some(place);
        }
        let _waiting = Waiting::join(&self.waiting, self.queue)?;
        tokio::time::timeout(patience, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()
    }
}

/// One in the queue; leaves it also when the request is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn join(count: &AtomicUsize, limit: usize) -> Option<Waiting<'_>> {
        let joined = Waiting(count);
        (count.fetch_add(1, Ordering::AcqRel) < limit).then_some(joined)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
