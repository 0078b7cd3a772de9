//! The same request on many streams of few connections, without TLS (RFC 9113 §3.3).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::measured::Measured;
use super::script::Head;

/// Connections that stay open from round to round.
pub(crate) struct Streams {
    runtime: Runtime,
    connections: Vec<SendRequest<Full<Bytes>>>,
    request: Request<Full<Bytes>>,
    expected: &'static [u8],
    /// How many requests are under way on each connection.
    at_once: usize,
}

impl Streams {
    /// Connects.
    pub(crate) fn connect(
        socket: SocketAddr,
        connections: usize,
        streams: usize,
        head: &Head<'_>,
        form: &str,
        expected: &'static [u8],
    ) -> Streams {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connections = runtime.block_on(async {
            let mut open = Vec::new();
            for _ in 0..connections {
                let stream = TcpStream::connect(socket).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
                tokio::spawn(connection);
                open.push(sender);
            }
            open
        });
        let mut request = Request::builder().method(head.method).uri(format!("http://{}{}", head.host, head.path));
        if let Some(authorization) = head.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Full::from(form.to_owned())).unwrap();
        Streams { runtime, connections, request, expected, at_once: streams }
    }

    /// One round.
    pub(crate) fn run(&mut self, time: Duration) -> Measured {
        let begun = Instant::now();
        let (mut latencies, expected) = (Vec::new(), self.expected);
        self.runtime.block_on(async {
            let senders = self.connections.iter().flat_map(|sender| std::iter::repeat_n(sender, self.at_once));
            let tasks: Vec<_> =
                senders.map(|sender| tokio::spawn(stream(sender.clone(), self.request.clone(), expected, begun + time))).collect();
            for task in tasks {
                latencies.extend(task.await.unwrap());
            }
        });
        Measured::new(latencies, 0, begun.elapsed())
    }
}

async fn stream(mut sender: SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>, expected: &[u8], ends: Instant) -> Vec<u32> {
    let mut latencies = Vec::new();
    loop {
        let begun = Instant::now();
        if begun >= ends {
            return latencies;
        }
        sender.ready().await.unwrap();
        let response = sender.send_request(request.clone()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status == 200 && memchr::memmem::find(&body, expected).is_some(), "a wrong answer: {status} {body:?}");
        latencies.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}
