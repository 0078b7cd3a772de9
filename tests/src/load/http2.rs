//! A client that asks over one HTTP/2 connection after another, as long as the server lets it (RFC 9113 §6.8).

use std::net::SocketAddr;

use crate::h2::{Frames, frame, kind};

/// `ACK` of a PING.
const ACK: u8 = 1;
/// `:status: 200`, indexed (RFC 7541 Appendix A).
const OK: u8 = 0x88;

/// One connection, and what is known of its end.
pub(super) struct Http2 {
    address: SocketAddr,
    host: String,
    connection: Option<(Frames, u32)>,
    /// How many requests went over a connection that had answered one before.
    pub(super) reused: u64,
    /// How many connections it opened.
    pub(super) opened: u64,
}

impl Http2 {
    pub(super) fn new(address: SocketAddr, host: &str) -> Http2 {
        Http2 { address, host: host.to_owned(), connection: None, reused: 0, opened: 0 }
    }

    /// GET; only an answer with 200 is one. After a GOAWAY the next request goes over another connection.
    pub(super) fn get(&mut self, path: &str) -> Result<(), String> {
        let (mut frames, stream) = if let Some((open, last)) = self.connection.take() {
            self.reused += 1;
            (open, last + 2)
        } else {
            self.opened += 1;
            (Frames::connect(self.address, &self.host, &[]), 1)
        };
        frames.write(&frames.get(stream, path)).map_err(|error| format!("HTTP/2, stream {stream}: {error}"))?;
        let (mut good, mut leaving) = (false, false);
        loop {
            let Some((found, of, payload)) = frames.read() else {
                return Err(format!("HTTP/2, stream {stream}: closed without an answer"));
            };
            match found {
                kind::PING => drop(frames.write(&frame(kind::PING, ACK, 0, &payload))),
                kind::GOAWAY => leaving = true,
                kind::HEADERS if of == stream => good = payload.first() == Some(&OK),
                kind::RST_STREAM if of == stream => return Err(format!("HTTP/2, stream {stream}: reset {payload:?}")),
                kind::DATA if of == stream && !payload.is_empty() => {
                    // What was read may be sent again: without this the window of the connection is used up after 64 KiB (RFC 9113 §5.2).
                    let taken = u32::try_from(payload.len()).unwrap().to_be_bytes();
                    let _ = frames.write(&frame(kind::WINDOW_UPDATE, 0, 0, &taken));
                    break;
                }
                _ => {}
            }
        }
        if !leaving {
            self.connection = Some((frames, stream));
        }
        if good { Ok(()) } else { Err(format!("HTTP/2, stream {stream}: not 200")) }
    }
}
