//! How much, how long and how many: every bound of the edge in one place.

use std::time::Duration;

/// Bounds on what a stranger may take. The defaults suit one machine that serves an authorization server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the first byte of a connection or request to the end of its head, TLS handshake included.
    pub header_deadline: Duration,
    /// How long a connection may wait for its next request.
    pub idle_deadline: Duration,
    /// From the first byte of the request to the end of its body; in HTTP/2 from the end of the head.
    pub body_deadline: Duration,
    /// How long a client may take no byte of what is written to it (at least [`STALL_PROGRESS`] within this time).
    pub write_deadline: Duration,
    /// How long a stopping server still waits for a request on a connection that is silent: one that the client sent before it
    /// could know is answered, and the connection closed after it (`Connection: close`). HTTP/2 needs no such wait (GOAWAY).
    pub linger: Duration,
    /// Longest request head, request line included, in bytes; at least 8192.
    pub head_bytes: usize,
    /// Most header fields of a request; at most 100.
    pub head_fields: usize,
    /// Longest body in bytes.
    pub body_bytes: usize,
    /// Bytes that all unfinished bodies may hold together.
    pub unfinished_bytes: usize,
    /// Other lengths for single paths, which compare byte for byte.
    pub body_bytes_by_path: Vec<(String, usize)>,
    /// Most connections at once; lowered to what the descriptor limit allows.
    pub connections: usize,
    /// Most requests that are answered at once; more get 503 with `Retry-After`.
    pub in_flight: usize,
    /// Most streams at once on one HTTP/2 connection.
    pub streams: u32,
}

/// Bytes that a slow reader must take within [`Limits::write_deadline`].
pub const STALL_PROGRESS: usize = 4096;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_deadline: Duration::from_secs(10),
            idle_deadline: Duration::from_mins(1),
            body_deadline: Duration::from_secs(20),
            write_deadline: Duration::from_secs(20),
            linger: Duration::from_secs(1),
            head_bytes: 16 * 1024,
            head_fields: 64,
            body_bytes: 64 * 1024,
            unfinished_bytes: 64 * 1024 * 1024,
            body_bytes_by_path: Vec::new(),
            connections: 20_000,
            in_flight: 2048,
            streams: 100,
        }
    }
}

impl Limits {
    /// The longest body at a path, in bytes.
    pub fn body_bytes_at(&self, path: &str) -> usize {
        self.body_bytes_by_path.iter().find(|(other, _)| other == path).map_or(self.body_bytes, |(_, bytes)| *bytes)
    }

    /// How often a waiting connection looks at its deadline: a fifth of the shortest, so that a deadline is kept to 20 %.
    pub fn tick(&self) -> Duration {
        let shortest = self.header_deadline.min(self.idle_deadline).min(self.body_deadline).min(self.write_deadline);
        (shortest / 5).max(Duration::from_millis(5))
    }
}
