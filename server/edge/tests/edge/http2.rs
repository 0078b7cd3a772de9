//! HTTP/2 by hand: floods that cost the sender little end the connection (RFC 9113 §10.5).

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::Setup;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [head.as_slice(), &stream.to_be_bytes(), payload].concat()
}

/// The begin of a connection, and then frames.
fn connection(frames: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    frames.for_each(|frame| bytes.extend(frame));
    bytes
}

/// Whether the server said GOAWAY before it closed the connection.
async fn is_sent_away(bytes: Vec<u8>) -> bool {
    let running = Setup::default().start();
    let mut stream = running.connect().await;
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let both = async {
        // The server may close while we still write, and reset what we did not read: both are its good right.
        let _ = tokio::join!(write.write_all(&bytes), read.read_to_end(&mut answer));
    };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("the server ends the connection");
    assert_eq!(running.get("/echo").await.status, 200, "others are served");
    let mut rest = answer.as_slice();
    while let Some((head, after)) = rest.split_at_checked(9) {
        if head[3] == GOAWAY {
            return true;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        rest = after.get(length..).unwrap_or_default();
    }
    false
}

/// CVE-2023-44487.
#[tokio::test]
async fn a_flood_of_streams_that_are_reset_at_once_ends_the_connection() {
    // `:method GET`, `:scheme http`, `:path /`, `:authority a` (RFC 7541 §6).
    let request = [0x82, 0x86, 0x84, 0x41, 1, b'a'];
    let floods = (0..2000_u32).map(|index| {
        let stream = index * 2 + 1;
        [frame(HEADERS, 5, stream, &request), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    });
    assert!(is_sent_away(connection(floods)).await);
}

/// RUSTSEC-2024-0332.
#[tokio::test]
async fn a_head_that_never_ends_ends_the_connection() {
    let field = [0x00, 1, b'x', 100].into_iter().chain([b'y'; 100]).collect::<Vec<u8>>().repeat(150);
    let begin = std::iter::once(frame(HEADERS, 1, 1, &[0x82, 0x86, 0x84, 0x41, 1, b'a']));
    let floods = begin.chain((0..100).map(|_| frame(CONTINUATION, 0, 1, &field)));
    assert!(is_sent_away(connection(floods)).await);
}
