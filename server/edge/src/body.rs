//! Reads a request's body, bounded in length and, where the socket cannot do it, in time.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Longer than allowed (413).
    TooLong,
    /// Not complete in time (408).
    Late,
    /// Malformed, or the connection broke (400).
    Broken,
    /// So many bodies are unfinished that there is no room for more of one (503).
    Crowded,
}

/// Bytes that all unfinished bodies of a server may hold together: many slow senders of small bodies are one large body.
#[derive(Debug)]
pub(crate) struct Budget {
    held: AtomicUsize,
    most: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) const fn new(most: usize) -> Budget {
        Budget { held: AtomicUsize::new(0), most }
    }
}

/// What one unfinished body holds; given back when it is finished or given up.
struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Share<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        self.bytes += bytes;
        let before = self.budget.held.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > self.budget.most { Err(BodyError::Crowded) } else { Ok(()) }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The whole body, of at most `most` bytes. A length that is announced and too long is refused before a byte is read, so that
/// `Expect: 100-continue` is never answered with 100.
///
/// # Errors
/// [`BodyError`].
pub(crate) async fn read<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
    deadline: Option<Duration>,
    budget: &Budget,
) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLong);
    }
    match deadline {
        Some(deadline) => tokio::time::timeout(deadline, collect(body, most, budget)).await.map_err(|_| BodyError::Late)?,
        None => collect(body, most, budget).await,
    }
}

async fn collect<B: Body<Data = Bytes>>(body: B, most: usize, budget: &Budget) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let mut share = Share { budget, bytes: 0 };
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are dropped: nothing that came after the body may count as a header (RFC 9110 §6.5.1).
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > most {
            return Err(BodyError::TooLong);
        }
        share.grow(data.len())?;
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    static AMPLE: Budget = Budget::new(1024);

    /// A body that sends its pieces and then ends, or never does.
    struct Pieces(Vec<&'static str>, bool);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if !self.0.is_empty() {
                let piece = self.0.remove(0);
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))));
            }
            if self.1 { Poll::Ready(None) } else { Poll::Pending }
        }
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_put_together() {
        assert_eq!(read(Pieces(vec!["a=", "1", "&b=2"], true), 8, None, &AMPLE).await, Ok(Bytes::from_static(b"a=1&b=2")));
        assert_eq!(read(Full::new(Bytes::new()), 0, None, &AMPLE).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_refused_whether_announced_or_not() {
        assert_eq!(read(Full::new(Bytes::from_static(b"123")), 2, None, &AMPLE).await, Err(BodyError::TooLong));
        assert_eq!(read(Pieces(vec!["1", "2", "3"], true), 2, None, &AMPLE).await, Err(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_late() {
        assert_eq!(read(Pieces(vec!["1"], false), 2, Some(Duration::from_secs(20)), &AMPLE).await, Err(BodyError::Late));
    }

    #[tokio::test(start_paused = true)]
    async fn unfinished_bodies_share_one_budget_and_give_it_back() {
        let budget = Budget::new(10);
        let slow = read(Pieces(vec!["12345678"], false), 64, Some(Duration::from_secs(20)), &budget);
        let other = async {
            tokio::task::yield_now().await;
            assert_eq!(read(Pieces(vec!["12", "3"], true), 64, None, &budget).await, Err(BodyError::Crowded));
            assert_eq!(read(Pieces(vec!["12"], true), 64, None, &budget).await, Ok(Bytes::from_static(b"12")));
        };
        assert_eq!(tokio::join!(slow, other).0, Err(BodyError::Late));
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
