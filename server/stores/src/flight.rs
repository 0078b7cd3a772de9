//! Writes to a server that go on when their caller has gone: a browser that closes its connection leaves nothing half known.

use std::time::Duration;

use keyhook_component::batch::{Applied, Held};
use keyhook_component::store::StoreError;
use tokio_util::task::TaskTracker;

/// How long a server may take for an answer. Whoever asked hears 503 then, and may come again.
/// Tests share a small machine with every server at once.
pub(crate) const DEADLINE: Duration = Duration::from_secs(if cfg!(test) { 30 } else { 3 });

/// The writes under way.
#[derive(Default)]
pub(crate) struct Flights {
    tracker: TaskTracker,
}

impl Flights {
    /// Begins the write at the first poll, and carries it to its end whether or not anybody waits for it. What the batch holds is
    /// dropped when the answer is there, before it is given.
    ///
    /// # Errors
    /// What the write says, or that the store has been closed.
    pub(crate) async fn fly(
        &self,
        held: Held,
        write: impl Future<Output = Result<Applied, StoreError>> + Send + 'static,
    ) -> Result<Applied, StoreError> {
        if self.tracker.is_closed() {
            return Err(StoreError::Unavailable("[KH0410] the store has been closed".to_owned()));
        }
        let flying = self.tracker.spawn(async move {
            let said = write.await;
            drop(held);
            said
        });
        flying.await.unwrap_or_else(|_| Err(StoreError::Unavailable("writing ended in a panic".to_owned())))
    }

    /// Begins nothing new and waits for what is under way.
    pub(crate) async fn land(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
