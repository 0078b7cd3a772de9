//! Lets an answer finish when its client has gone, and turns its panic into a refusal.
//!
//! hyper drops the future of a request whose connection breaks. A redemption that was dropped between its commit and its audit
//! event would be half done. Spawning each request would cost a task each; this hands the future over only when it is dropped
//! unfinished, so the usual way costs nothing but the box. Decision record: `docs/adr/edge-detach-on-drop.md`.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use keyhook_component::BoxFuture;
use tokio::runtime::Handle;

/// A future that is finished in the background when it is dropped before its end.
pub(crate) struct Detached<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send + 'static> Detached<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Detached<T> {
        Detached(Some(Box::pin(future)))
    }
}

impl<T: Send + 'static> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let result = future.as_mut().poll(cx);
        if result.is_ready() {
            self.0 = None;
        }
        result
    }
}

impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        // Outside a runtime there is nothing left to finish it on: the process ends.
        if let (Some(future), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                future.await;
            });
        }
    }
}

/// The result of a future, or the message of its panic.
///
/// # Errors
/// What it panicked with, as text.
pub(crate) async fn without_panic<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    // After a panic the future is never polled again, so no broken state of it is seen.
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(message_of(&*panic))),
    })
    .await
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_finished_although_its_client_has_gone() {
        let (proceed, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let answer = Detached::new(async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        });
        drop(answer);
        proceed.send(()).unwrap();
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_a_message_and_not_the_end() {
        let panicking = async {
            tokio::task::yield_now().await;
            std::panic::panic_any("no such thing");
        };
        assert_eq!(without_panic(panicking).await, Err::<(), _>("no such thing".to_owned()));
        assert_eq!(without_panic(async { 7 }).await, Ok(7));
    }
}
