//! A light keep-alive client: it sends one request again and again on every connection and checks every answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One request, and what its answer must contain.
pub(crate) struct Load {
    request: Vec<u8>,
    expected: &'static [u8],
}

/// One round.
pub(crate) struct Measured {
    /// Right answers a second.
    pub(crate) rate: f64,
    /// Wrong answers.
    pub(crate) failures: u64,
    /// 99th percentile of the time to an answer.
    pub(crate) p99_millis: f64,
}

impl Load {
    /// A request from its parts.
    pub(crate) fn new(method: &str, path: &str, host: &str, authorization: Option<&str>, form: &str, expected: &'static [u8]) -> Load {
        let authorization = authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
        let body = match method {
            "POST" => format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", form.len()),
            _ => String::new(),
        };
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}{body}\r\n{form}");
        Load { request: request.into_bytes(), expected }
    }

    /// Runs one round.
    pub(crate) fn run(&self, address: SocketAddr, connections: usize, time: Duration) -> Measured {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (mut latencies, mut failures) = (Vec::new(), 0);
        let begun = Instant::now();
        runtime.block_on(async {
            let ends = begun + time;
            let (request, expected): (&'static [u8], _) = (self.request.clone().leak(), self.expected);
            let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(connection(address, request, expected, ends))).collect();
            for task in tasks {
                let (times, wrong) = task.await.unwrap();
                latencies.extend(times);
                failures += wrong;
            }
        });
        let seconds = begun.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default();
        Measured { rate: latencies.len() as f64 / seconds, failures, p99_millis: f64::from(p99) / 1000.0 }
    }
}

async fn connection(address: SocketAddr, request: &[u8], expected: &[u8], ends: Instant) -> (Vec<u32>, u64) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut times, mut failures, mut buffer) = (Vec::new(), 0, Vec::with_capacity(8192));
    loop {
        let begun = Instant::now();
        if begun >= ends {
            return (times, failures);
        }
        stream.write_all(request).await.unwrap();
        let right = answer(&mut stream, &mut buffer).await && buffer.starts_with(b"HTTP/1.1 200") && contains(&buffer, expected);
        if right {
            times.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            failures += 1;
            eprintln!("{}", String::from_utf8_lossy(&buffer));
            return (times, failures);
        }
    }
}

async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            let length = content_length(&buffer[..end]);
            if buffer.len() >= end + 4 + length {
                return true;
            }
        }
        if stream.read_buf(buffer).await.unwrap_or(0) == 0 {
            return false;
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let name = b"content-length: ";
    let Some(at) = find(head, name) else { return 0 };
    head[at + name.len()..].iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |length, byte| length * 10 + usize::from(byte - b'0'))
}

fn contains(buffer: &[u8], expected: &[u8]) -> bool {
    find(buffer, expected).is_some()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
