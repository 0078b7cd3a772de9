//! A client that sends exactly what it is told and believes nothing of what comes back.

mod answer;
mod disguise;
mod request;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub use answer::{Answer, Parsed, parse};
pub use disguise::{Style, Written};
pub use request::{Body, Pair, Request};

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer(Box<Answer>),
    /// The end of the connection, without an answer.
    Closed,
    /// Nothing, for longer than anybody should wait.
    Silence,
    /// Something that is no answer.
    Malformed(&'static str, Vec<u8>),
}

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is kept as long as the server keeps it.
pub struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Line {
    /// A line to a server, not open yet.
    pub fn to(address: SocketAddr) -> Line {
        Line { address, stream: None }
    }

    /// Sends a request and reads its answer. A kept connection that has ended meanwhile is opened anew, once.
    pub fn exchange(&mut self, written: &Written, head_only: bool) -> (Reply, Duration) {
        let kept = self.stream.is_some();
        let begun = Instant::now();
        let reply = self.attempt(written, head_only);
        if kept && reply == Reply::Closed {
            let begun = Instant::now();
            return (self.attempt(written, head_only), begun.elapsed());
        }
        (reply, begun.elapsed())
    }

    fn attempt(&mut self, written: &Written, head_only: bool) -> Reply {
        let mut stream = match self.stream.take().map_or_else(|| open(self.address), Ok) {
            Ok(stream) => stream,
            Err(error) => return if error.kind() == ErrorKind::TimedOut { Reply::Silence } else { Reply::Closed },
        };
        for piece in &written.pieces {
            // A server that has answered already may not read on: what it said is still there.
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        let (reply, whole) = read_one(&mut stream, head_only);
        if let Reply::Answer(answer) = &reply
            && whole
            && !answer.closes
            && !written.closes
        {
            self.stream = Some(stream);
        }
        reply
    }
}

fn open(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One answer; whether nothing came after it.
fn read_one(stream: &mut TcpStream, head_only: bool) -> (Reply, bool) {
    let mut raw = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let (count, failed) = match stream.read(&mut buffer) {
            Ok(count) => (count, None),
            Err(error) => (0, Some(error.kind())),
        };
        if matches!(failed, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
            return (Reply::Silence, false);
        }
        raw.extend_from_slice(&buffer[..count]);
        match parse(&raw, count == 0, head_only) {
            Parsed::Whole(_, taken) if taken < raw.len() => {
                return (Reply::Malformed("bytes after the answer", raw), false);
            }
            Parsed::Whole(answer, _) => return (Reply::Answer(answer), true),
            Parsed::Malformed(why) => return (Reply::Malformed(why, raw), false),
            Parsed::Unfinished if count == 0 => return (Reply::Closed, false),
            Parsed::Unfinished => {}
        }
    }
}

/// Sends bytes as they are on a connection of their own, in pieces, and reads every answer until the server ends it or has
/// been quiet for `quiet`. The second value says whether the server ended the connection.
pub fn send_raw(address: SocketAddr, pieces: &[&[u8]], quiet: Duration) -> (Vec<Reply>, bool) {
    let (raw, ended) = raw_bytes(address, pieces, quiet);
    (split_answers(&raw, ended), ended)
}

/// The same, whatever comes back.
pub fn raw_bytes(address: SocketAddr, pieces: &[&[u8]], quiet: Duration) -> (Vec<u8>, bool) {
    let Ok(mut stream) = open(address) else { return (Vec::new(), true) };
    for piece in pieces {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    // The first byte may take its time on a busy machine; what else comes, comes at once.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
    let (mut raw, mut ended) = (Vec::new(), false);
    let mut buffer = [0; 16 * 1024];
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match stream.read(&mut buffer) {
            Ok(0) => {
                ended = true;
                break;
            }
            Ok(count) => {
                raw.extend_from_slice(&buffer[..count]);
                let _ = stream.set_read_timeout(Some(quiet));
            }
            Err(error) => {
                ended = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                break;
            }
        }
    }
    (raw, ended)
}

fn split_answers(raw: &[u8], ended: bool) -> Vec<Reply> {
    let (mut replies, mut at) = (Vec::new(), 0);
    while at < raw.len() {
        match parse(&raw[at..], ended, false) {
            Parsed::Whole(answer, taken) => {
                replies.push(Reply::Answer(answer));
                at += taken;
            }
            Parsed::Malformed(why) => {
                replies.push(Reply::Malformed(why, raw[at..].to_vec()));
                break;
            }
            Parsed::Unfinished => {
                replies.push(Reply::Malformed("an answer that does not end", raw[at..].to_vec()));
                break;
            }
        }
    }
    if replies.is_empty() {
        replies.push(if ended { Reply::Closed } else { Reply::Silence });
    }
    replies
}

/// Bytes as text that can be read, pasted and printed: everything but visible ASCII is escaped.
pub fn escaped(bytes: &[u8]) -> String {
    const LONGEST: usize = 2000;
    let text: String = bytes.iter().take(LONGEST).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    if bytes.len() > LONGEST { format!("{text}… ({} bytes)", bytes.len()) } else { text }
}
