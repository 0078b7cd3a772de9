//! A client that sends bytes as they are, and reads what comes back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::Running;

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads until the server closes it or one response is complete.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_reply(&mut stream, false).await
    }

    /// Sends bytes and reads all that comes until the server closes the connection.
    pub(crate) async fn send_to_end(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut all = Vec::new();
        // A reset after the response is an end, too.
        let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await.expect("the server closes");
        String::from_utf8(all).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")).await
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of a header; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}

/// Reads one response. `head` says that it answers HEAD: a length without content.
pub(crate) async fn read_reply(stream: &mut (impl AsyncReadExt + Unpin), head: bool) -> Reply {
    let mut bytes = Vec::new();
    let complete = async {
        loop {
            if let Some(reply) = parse(&bytes, head) {
                return reply;
            }
            let count = stream.read_buf(&mut bytes).await.expect("the server answers");
            assert!(count > 0, "the server closed the connection after {:?}", String::from_utf8_lossy(&bytes));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), complete).await.expect("the server answers in time")
}

fn parse(bytes: &[u8], head: bool) -> Option<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let (start, body) = text.split_once("\r\n\r\n")?;
    let status = start.split(' ').nth(1)?.parse().ok()?;
    let mut reply = Reply { status, head: start.to_owned(), body: String::new() };
    let length: usize = if head { 0 } else { reply.header("content-length").parse().unwrap_or(0) };
    if body.len() < length {
        return None;
    }
    body.clone_into(&mut reply.body);
    Some(reply)
}
