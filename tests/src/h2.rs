//! HTTP/2 by hand (RFC 9113): frames exactly as they are told, for peers that do what no library lets them do.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Kinds of frames (RFC 9113 §6).
pub mod kind {
    #![allow(missing_docs, reason = "the names of RFC 9113 §6")]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// `END_STREAM`, also `ACK`.
pub const END_STREAM: u8 = 1;
/// `END_HEADERS`.
pub const END_HEADERS: u8 = 4;
/// `SETTINGS_INITIAL_WINDOW_SIZE`.
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// A connection of somebody who writes frames.
pub struct Frames {
    stream: TcpStream,
    host: String,
}

impl Frames {
    /// Connects, and sends the preface with settings (RFC 9113 §3.4).
    pub fn connect(address: SocketAddr, host: &str, settings: &[(u16, u32)]) -> Frames {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Frames::over(stream, host, settings)
    }

    /// The same over a connection that is there. A write that blocks for two seconds counts as refused.
    pub fn over(stream: TcpStream, host: &str, settings: &[(u16, u32)]) -> Frames {
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut frames = Frames { stream, host: host.to_owned() };
        let payload: Vec<u8> = settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
        let first = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(kind::SETTINGS, 0, 0, &payload)[..]].concat();
        let _ = frames.write(&first);
        frames
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When the server has closed, or takes nothing any more.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The head of a GET without a body, in one frame.
    pub fn get(&self, stream: u32, path: &str) -> Vec<u8> {
        frame(kind::HEADERS, END_STREAM | END_HEADERS, stream, &self.head(path))
    }

    /// The head of a GET, without indexing (RFC 7541 §6.2.2).
    pub fn head(&self, path: &str) -> Vec<u8> {
        // :method GET and :scheme http are indexed; :path (4) and :authority (1) are literal.
        let mut block = vec![0x82, 0x86];
        for (index, value) in [(4, path), (1, self.host.as_str())] {
            block.push(index);
            block.push(u8::try_from(value.len()).unwrap());
            block.extend_from_slice(value.as_bytes());
        }
        block
    }

    /// The next frame: kind, stream, payload; `None` when the server has closed.
    ///
    /// # Panics
    /// If the server does neither for half a minute.
    pub fn read(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut fill = |buffer: &mut [u8]| match self.stream.read_exact(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server neither speaks nor closes"),
            filled => filled.ok(),
        };
        let mut head = [0; 9];
        fill(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        fill(&mut payload)?;
        Some((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
    }

    /// Reads until the server ends the connection: the error code of its GOAWAY (RFC 9113 §7), if it sent one.
    pub fn goodbye(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some((found, _, payload)) = self.read() {
            if found == kind::GOAWAY {
                code = payload.get(4..8).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            }
        }
        code
    }
}

/// One frame (RFC 9113 §4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
