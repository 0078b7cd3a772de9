//! Reads a request's body, bounded in length and, where the socket cannot do it, in time.

use std::pin::pin;
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
}

/// The whole body, of at most `most` bytes. A length that is announced and too long is refused before a byte is read, so that
/// `Expect: 100-continue` is never answered with 100.
///
/// # Errors
/// [`BodyError`].
pub(crate) async fn read<B: Body<Data = Bytes>>(body: B, most: usize, deadline: Option<Duration>) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLong);
    }
    match deadline {
        Some(deadline) => tokio::time::timeout(deadline, collect(body, most)).await.map_err(|_| BodyError::Late)?,
        None => collect(body, most).await,
    }
}

async fn collect<B: Body<Data = Bytes>>(body: B, most: usize) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are dropped: nothing that came after the body may count as a header (RFC 9110 §6.5.1).
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > most {
            return Err(BodyError::TooLong);
        }
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
        assert_eq!(read(Pieces(vec!["a=", "1", "&b=2"], true), 8, None).await, Ok(Bytes::from_static(b"a=1&b=2")));
        assert_eq!(read(Full::new(Bytes::new()), 0, None).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_refused_whether_announced_or_not() {
        assert_eq!(read(Full::new(Bytes::from_static(b"123")), 2, None).await, Err(BodyError::TooLong));
        assert_eq!(read(Pieces(vec!["1", "2", "3"], true), 2, None).await, Err(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_late() {
        assert_eq!(read(Pieces(vec!["1"], false), 2, Some(Duration::from_secs(20))).await, Err(BodyError::Late));
    }
}
