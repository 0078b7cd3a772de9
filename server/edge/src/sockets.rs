//! The socket of a connection under its deadlines: reads and writes fail once the [`Watch`] says that the client is late.
//!
//! It lies under TLS, so the handshake and slow readers are held to the same clock.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::limits::STALL_PROGRESS;
use crate::watch::Watch;

/// A TCP stream whose client must not be late.
pub(crate) struct Guarded {
    stream: TcpStream,
    watch: Arc<Watch>,
    /// Bytes that were read to learn the protocol.
    unread: Bytes,
    /// Wakes the connection once a tick; made when the client first lets us wait.
    tick: Option<Pin<Box<Sleep>>>,
    /// Since when the client takes too little of what is written, and how much it took since.
    stalled: Option<(Instant, usize)>,
}

impl Guarded {
    pub(crate) fn new(stream: TcpStream, watch: Arc<Watch>) -> Guarded {
        Guarded { stream, watch, unread: Bytes::new(), tick: None, stalled: None }
    }

    /// Gives bytes back; they are read again first.
    pub(crate) fn unread(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    /// Whether the client is late, looked at once a tick; else the task comes back at the next one. Between ticks this costs a
    /// load: the timer keeps the waker of the connection's task, the only one that ever polls this socket.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let period = self.watch.limits().tick();
        let tick = match &mut self.tick {
            Some(tick) if !tick.is_elapsed() => return false,
            tick => tick.get_or_insert_with(|| Box::pin(sleep(period))),
        };
        while tick.as_mut().poll(cx).is_ready() {
            tick.as_mut().reset(Instant::now() + period);
        }
        self.watch.is_late() || self.is_stalled()
    }

    fn is_stalled(&self) -> bool {
        self.stalled.is_some_and(|(since, _)| since.elapsed() >= self.watch.limits().write_deadline)
    }

    /// Bookkeeping after a write of which `taken` bytes went out.
    fn wrote(&mut self, taken: usize, offered: usize) {
        if let Some((_, progress)) = &mut self.stalled {
            *progress += taken;
            if taken == offered || *progress >= STALL_PROGRESS {
                self.stalled = None;
            }
        }
    }

    fn blocked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.stalled.get_or_insert_with(|| (Instant::now(), 0));
        if self.is_over(cx) { Poll::Ready(Err(late())) } else { Poll::Pending }
    }
}

/// The error of a late client; hyper passes it on as the connection's end.
fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client is too slow")
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let count = self.unread.len().min(buf.remaining());
            buf.put_slice(&self.unread[..count]);
            self.unread.advance(count);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending if self.is_over(cx) => Poll::Ready(Err(late())),
            Poll::Pending => Poll::Pending,
            Poll::Ready(result) => {
                // A trickle of bytes hides no deadline: hyper reads on until nothing is left, and lands above.
                if buf.filled().len() > before {
                    self.watch.received();
                }
                Poll::Ready(result)
            }
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.blocked(cx),
            Poll::Ready(Ok(taken)) => {
                self.wrote(taken, buf.len());
                Poll::Ready(Ok(taken))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bufs) {
            Poll::Pending => self.blocked(cx),
            Poll::Ready(Ok(taken)) => {
                self.wrote(taken, bufs.iter().map(|buf| buf.len()).sum());
                Poll::Ready(Ok(taken))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
