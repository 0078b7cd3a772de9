//! HTTP/2 frames written by hand: what a server must answer with an error, and never with a page (RFC 9113).

use crate::attack::Attack;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// Header fields as literals without indexing and without Huffman codes (RFC 7541 §6.2.2).
fn fields(all: &[(&str, &str)]) -> Vec<u8> {
    let text = |value: &str, out: &mut Vec<u8>| {
        let length = value.len();
        if length < 127 {
            out.push(u8::try_from(length).unwrap_or_default());
        } else {
            out.push(127);
            let mut rest = length - 127;
            while rest >= 128 {
                out.push(u8::try_from(rest % 128).unwrap_or_default() | 128);
                rest /= 128;
            }
            out.push(u8::try_from(rest).unwrap_or_default());
        }
        out.extend_from_slice(value.as_bytes());
    };
    let mut out = Vec::new();
    for (name, value) in all {
        out.push(0);
        text(name, &mut out);
        text(value, &mut out);
    }
    out
}

fn request<'a>(host: &'a str, method: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![(":method", method), (":scheme", "http"), (":authority", host), (":path", path)]
}

/// What a client says first.
fn hello() -> Vec<u8> {
    [PREFACE, &frame(4, 0, 0, &[])].concat()
}

/// The frames that came back: kinds, and the payloads of those that carry an answer.
fn frames(mut raw: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while raw.len() >= 9 {
        let length = usize::from(raw[0]) << 16 | usize::from(raw[1]) << 8 | usize::from(raw[2]);
        let Some(payload) = raw.get(9..9 + length) else { break };
        all.push((raw[3], payload.to_vec()));
        raw = &raw[9 + length..];
    }
    all
}

/// Whether an answer's first field is `:status: 200` (RFC 7541 appendix A, index 8).
fn is_200(frames: &[(u8, Vec<u8>)]) -> bool {
    frames.iter().any(|(kind, payload)| *kind == 1 && payload.first() == Some(&0x88))
}

/// Every malformed request gets a reset, an error or nothing; the server goes on.
pub fn all(attack: &mut Attack<'_>) {
    let host = attack.target.host();
    let path = "/.well-known/oauth-authorization-server";
    let good = frame(1, END_STREAM | END_HEADERS, 1, &fields(&request(&host, "GET", path)));
    let answered = (0..5).any(|_| is_200(&exchange(attack, &good)));
    attack.hold("HTTP/2 is answered", answered);
    let mut wrong: Vec<Vec<u8>> = Vec::new();
    let with = |more: &[(&'static str, &'static str)]| {
        let mut all = request(&host, "GET", path);
        all.extend_from_slice(more);
        frame(1, END_STREAM | END_HEADERS, 1, &fields(&all))
    };
    for more in [
        ("X-Upper", "1"),
        ("connection", "close"),
        ("te", "gzip"),
        ("transfer-encoding", "chunked"),
        ("keep-alive", "1"),
        ("upgrade", "h2c"),
        ("proxy-connection", "x"),
        (":path", "/evil"),
        (":unknown", "1"),
        ("x y", "1"),
        ("", "1"),
        ("x\r\ny", "1"),
        ("x", "a\r\nb"),
        ("x", "a\0b"),
        ("x", "a\nb"),
        ("content-length", "5"),
        ("host", "evil.test"),
        ("x:y", "1"),
    ] {
        wrong.push(with(&[more]));
    }
    for bad in ["/a b", "/a\r\nX: 1", "", "evil", "http://evil.test/", "*", "/\0", "/é"] {
        wrong.push(frame(1, END_STREAM | END_HEADERS, 1, &fields(&request(&host, "GET", bad))));
    }
    for bad in ["G T", "", "GET\r\nX: 1", "get\0"] {
        wrong.push(frame(1, END_STREAM | END_HEADERS, 1, &fields(&request(&host, bad, path))));
    }
    for left_out in [":method", ":scheme", ":path", ":authority"] {
        let kept: Vec<_> = request(&host, "GET", path).into_iter().filter(|(name, _)| *name != left_out).collect();
        wrong.push(frame(1, END_STREAM | END_HEADERS, 1, &fields(&kept)));
    }
    let late = [&fields(&[("x", "1")])[..], &fields(&request(&host, "GET", path))].concat();
    wrong.push(frame(1, END_STREAM | END_HEADERS, 1, &late));
    wrong.extend(malformed_frames(&host, path));
    for bytes in wrong {
        let answer = exchange(attack, &bytes);
        attack.hold("a malformed request is answered with a page", !is_200(&answer));
    }
    floods(attack, &host, path);
    // A machine under load may need a moment to get through what was left behind.
    let goes_on = (0..5).any(|_| is_200(&exchange(attack, &good)));
    attack.hold("the server goes on", goes_on);
}

fn malformed_frames(host: &str, path: &str) -> Vec<Vec<u8>> {
    let whole = fields(&request(host, "GET", path));
    let post = fields(&[&request(host, "POST", "/token")[..], &[("content-length", "5")]].concat());
    vec![
        frame(1, END_STREAM | END_HEADERS, 0, &whole),
        frame(1, END_STREAM | END_HEADERS, 2, &whole),
        frame(0, END_STREAM, 1, b"data before headers"),
        frame(1, END_STREAM | END_HEADERS, 1, &[0xff; 40]),
        frame(1, END_STREAM | END_HEADERS, 1, &[0x80]),
        frame(1, END_STREAM | END_HEADERS | 8, 1, &[255, 0]),
        frame(9, END_HEADERS, 1, &whole),
        frame(4, 0, 0, &[1, 2, 3]),
        frame(4, 0, 1, &[]),
        frame(6, 0, 0, &[1]),
        frame(8, 0, 0, &[0, 0, 0, 0]),
        frame(3, 0, 1, &[0, 0, 0, 0]),
        frame(5, END_HEADERS, 1, &whole),
        frame(7, 0, 1, &[0; 8]),
        frame(2, 0, 1, &[0, 0, 0, 1, 1]),
        vec![0xff, 0xff, 0xff, 1, 5, 0, 0, 0, 1],
        [frame(1, END_HEADERS, 1, &post), frame(0, END_STREAM, 1, b"more than five bytes")].concat(),
        [frame(1, END_HEADERS, 1, &post), frame(0, END_STREAM, 1, b"x")].concat(),
        [frame(1, END_STREAM, 1, &whole[..4]), frame(0, 0, 1, b"x")].concat(),
    ]
}

/// Short floods: resets, pings, settings, continuations, windows that do not open. Long ones are another test's.
fn floods(attack: &mut Attack<'_>, host: &str, path: &str) {
    let whole = fields(&request(host, "GET", path));
    let resets: Vec<u8> = (0..400_u32)
        .flat_map(|number| {
            [frame(1, END_STREAM | END_HEADERS, number * 2 + 1, &whole), frame(3, 0, number * 2 + 1, &[0, 0, 0, 8])].concat()
        })
        .collect();
    let pings: Vec<u8> = (0..5000).flat_map(|_| frame(6, 0, 0, &[0; 8])).collect();
    let settings: Vec<u8> = (0..5000).flat_map(|_| frame(4, 0, 0, &[])).collect();
    let mut continued = frame(1, END_STREAM, 1, &whole);
    continued.extend((0..2000).flat_map(|_| frame(9, 0, 1, &fields(&[("x", "y")]))));
    let bomb: Vec<(&str, &str)> = (0..3000).map(|_| ("x", "yyyyyyyyyyyyyyyy")).collect();
    let large = frame(1, END_STREAM | END_HEADERS, 1, &fields(&[&request(host, "GET", path)[..], &bomb[..200]].concat()));
    for flood in [resets, pings, settings, continued, large] {
        exchange(attack, &flood);
    }
}

/// Sends frames after a greeting, and counts them as one input.
fn exchange(attack: &mut Attack<'_>, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let sent = [hello(), bytes.to_vec()].concat();
    frames(&attack.send_bytes(&sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_literals_and_lengths_are_written_in_as_many_bytes_as_they_take() {
        assert_eq!(fields(&[("a", "b")]), [0, 1, b'a', 1, b'b']);
        let long = fields(&[("a", &"x".repeat(300))]);
        assert_eq!(long[..6], [0, 1, b'a', 127, 173, 1]);
        assert_eq!(frame(1, 5, 3, b"xy"), [0, 0, 2, 1, 5, 0, 0, 0, 3, b'x', b'y']);
        assert!(is_200(&frames(&frame(1, 5, 1, &[0x88]))) && !is_200(&frames(&frame(1, 5, 1, &[0x8c]))));
    }
}
