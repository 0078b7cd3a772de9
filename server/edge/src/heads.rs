//! Request heads in the one spelling of RFC 9112, looked at before hyper reads them.
//!
//! hyper takes a lone LF for a line break (§2.2 allows it) and a length beside `chunked` for `chunked` (§6.1 allows it). Whoever
//! stands in front of us may take them otherwise, and then two servers read two different requests out of the same bytes. So what
//! comes from the byte on that makes a head ambiguous is replaced by a NUL and the end of a head: no head may hold a NUL, so hyper
//! answers 400 and ends the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What hyper reads instead of what is ambiguous. It looks for the end before it looks for what is wrong.
const REFUSAL: &[u8] = b"\0\r\n\r\n";

/// Where in the stream of requests the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a head.
    Head,
    /// In a body, or in a chunk and the line break after it; so many bytes are left.
    Content { left: u64, chunked: bool },
    /// In the line that says how long the next chunk is.
    Size,
    /// After the last chunk.
    Trailer,
    /// The connection is about to be ended.
    Over,
}

/// Follows the framing of an HTTP/1 connection's requests.
#[derive(Debug)]
struct Framing {
    place: Place,
    /// The part of a line that came in an earlier piece.
    line: Vec<u8>,
    /// Whether the head has its request line yet; empty lines before it are skipped (§2.2).
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    const fn new() -> Framing {
        Framing { place: Place::Head, line: Vec::new(), begun: false, length: None, chunked: false }
    }

    /// Looks through the next piece; gives where it becomes ambiguous.
    fn pass(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() && self.place != Place::Over {
            if let Place::Content { left, chunked } = self.place {
                let here = left.min((piece.len() - at) as u64);
                at += usize::try_from(here).unwrap_or(piece.len() - at);
                let next = if chunked { Place::Size } else { Place::Head };
                self.place = if here == left { next } else { Place::Content { left: left - here, chunked } };
                continue;
            }
            let Some(end) = piece[at..].iter().position(|byte| *byte == b'\n').map(|found| at + found) else {
                self.line.extend_from_slice(&piece[at..]);
                return None;
            };
            let before = if end > at { Some(piece[end - 1]) } else { self.line.last().copied() };
            let unambiguous = before == Some(b'\r') && self.end_line(&piece[at..end]);
            if !unambiguous {
                self.place = Place::Over;
                return Some(end);
            }
            self.line.clear();
            at = end + 1;
        }
        None
    }

    /// Reads the line that ends with `rest` and CR. Whether there is one way to read it.
    fn end_line(&mut self, rest: &[u8]) -> bool {
        let earlier = std::mem::take(&mut self.line);
        let joined;
        let whole = if earlier.is_empty() {
            rest
        } else {
            joined = [earlier.as_slice(), rest].concat();
            &joined
        };
        let line = whole.strip_suffix(b"\r").unwrap_or(whole);
        match self.place {
            Place::Head if line.is_empty() => return !self.begun || self.end_head(),
            Place::Head if self.begun => self.field(line),
            Place::Head => self.begun = true,
            Place::Size => match chunk_size(line) {
                Some(0) => self.place = Place::Trailer,
                // The line break after the chunk counts, too.
                Some(size) => self.place = Place::Content { left: size.saturating_add(2), chunked: true },
                None => self.place = Place::Over,
            },
            Place::Trailer if line.is_empty() => self.place = Place::Head,
            Place::Trailer | Place::Content { .. } | Place::Over => {}
        }
        true
    }

    fn field(&mut self, line: &[u8]) {
        // Few names begin like this, so that most lines cost one comparison.
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        if line[..colon].eq_ignore_ascii_case(b"content-length") {
            let digits = std::str::from_utf8(line[colon..].get(1..).unwrap_or_default()).unwrap_or_default().trim();
            // What is no number is refused by hyper.
            self.length = Some(digits.parse().unwrap_or_default());
        } else if line[..colon].eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = true;
        }
    }

    /// What follows the head. Whether that is said in one way only (§6.3).
    fn end_head(&mut self) -> bool {
        self.begun = false;
        let (length, chunked) = (self.length.take(), std::mem::take(&mut self.chunked));
        self.place = match (length, chunked) {
            (Some(_), true) => return false,
            (_, true) => Place::Size,
            (Some(left), false) if left > 0 => Place::Content { left, chunked: false },
            (_, false) => Place::Head,
        };
        true
    }
}

/// Hexadecimal digits, then perhaps extensions (§7.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A connection whose requests are looked at as they are read.
pub(crate) struct Heads<T> {
    inner: T,
    framing: Framing,
    /// The part of [`REFUSAL`] that is still to be read.
    refusal: &'static [u8],
}

impl<T> Heads<T> {
    /// Looks at every request of a connection that speaks HTTP/1.
    pub(crate) const fn new(inner: T) -> Heads<T> {
        Heads { inner, framing: Framing::new(), refusal: b"" }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Heads<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.refusal.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
            let Some(at) = self.framing.pass(&buf.filled()[before..]) else { return Poll::Ready(Ok(())) };
            buf.set_filled(before + at);
            self.refusal = REFUSAL;
        }
        let (now, later) = self.refusal.split_at(self.refusal.len().min(buf.remaining()));
        buf.put_slice(now);
        self.refusal = later;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Heads<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hyper gets to read, the bytes having come in pieces of this length.
    fn passed(text: &str, length: usize) -> String {
        let mut framing = Framing::new();
        let mut read = Vec::new();
        for piece in text.as_bytes().chunks(length) {
            if let Some(at) = framing.pass(piece) {
                read.extend_from_slice(&piece[..at]);
                read.extend_from_slice(REFUSAL);
                break;
            }
            read.extend_from_slice(piece);
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    const PLAIN: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn what_has_one_meaning_is_left_alone_however_it_is_cut() {
        for text in [
            PLAIN.to_owned(),
            format!("\r\n{PLAIN}{PLAIN}"),
            format!("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\n\n{PLAIN}"),
            format!("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n{PLAIN}"),
            format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n1;x=y\r\n\n\r\n0\r\nX: 1\r\n\r\n{PLAIN}"),
            "POST / HTTP/1.1\r\nCookie: a\r\nTE: x\r\nContent-Lengthy: 1\r\n\r\n".to_owned(),
        ] {
            for length in [1, 2, 3, 7, 1000] {
                assert_eq!(passed(&text, length), text, "{length}");
            }
        }
    }

    /// RFC 9112 §2.2.
    #[test]
    fn a_lone_line_feed_in_a_head_is_refused() {
        for text in [
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "\nGET / HTTP/1.1\r\n\r\n",
        ] {
            for (length, before) in [(1, ""), (5, ""), (1000, ""), (1000, PLAIN), (1000, "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\n")]
            {
                let read = passed(&format!("{before}{text}"), length);
                assert!(read.starts_with(before) && read.ends_with("\0\r\n\r\n"), "{read:?} {length}");
            }
        }
        let chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n";
        assert!(passed(chunks, 1000).ends_with("\r\n1\0\r\n\r\n"));
    }

    /// RFC 9112 §6.1.
    #[test]
    fn a_length_beside_a_coding_is_refused_in_either_order() {
        for fields in ["Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "TRANSFER-ENCODING: chunked\r\nX: 1\r\ncontent-length: 4\r\n"]
        {
            for length in [1, 6, 1000] {
                let text = format!("POST / HTTP/1.1\r\n{fields}\r\n0\r\n\r\n{PLAIN}");
                let read = passed(&text, length);
                assert_eq!(read.find('\0'), text.find("\r\n\r\n").map(|at| at + 3), "{read:?}");
            }
        }
    }
}
