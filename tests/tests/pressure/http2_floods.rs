//! HTTP/2 used against the server: resets, CONTINUATION, SETTINGS and PING without an end, and windows that never open (RFC 9113 §10.5).
//!
//! `KEYHOOK_FLOOD` says how many seconds each flood lasts.

use std::time::{Duration, Instant};

use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::h2::{END_HEADERS, END_STREAM, Frames, INITIAL_WINDOW_SIZE, frame, kind};
use keyhook_tests::pair::Pair;
use keyhook_tests::resident::memory_kib;
use keyhook_tests::size::asked;
use keyhook_tests::steady::Steady;

const DOCUMENT: &str = "/.well-known/oauth-authorization-server";
/// Most that the server may grow by during a flood, in KiB.
const MOST: u64 = 64 * 1024;
/// Frames that one connection sends.
const FRAMES: usize = 12_800;
/// `ENHANCE_YOUR_CALM` (RFC 9113 §7).
const CALM: u32 = 0xb;

/// Sends one frame after another until `frames` went out or the server takes no more; how many did.
fn send(connection: &mut Frames, frames: usize, mut next: impl FnMut(&Frames, usize) -> Vec<u8>) -> usize {
    const AT_ONCE: usize = 64;
    for first in (0..frames).step_by(AT_ONCE) {
        let bytes: Vec<u8> = (first..first + AT_ONCE).flat_map(|number| next(connection, number)).collect();
        if connection.write(&bytes).is_err() {
            return first;
        }
    }
    frames
}

/// A flood beside good clients. `cut`: the server has to end each of its connections.
fn flood(what: &str, cut: bool, next: impl Fn(&Frames, usize) -> Vec<u8>) {
    let pair = Pair::single("flood", "");
    let (address, host) = (pair.browser().address, pair.browser().host);
    let steady = Steady::on(&pair);
    let before = memory_kib(pair.server().pid());
    let until = Instant::now() + Duration::from_secs(asked("KEYHOOK_FLOOD", 1) as u64);
    let (mut connections, mut sent, mut ended) = (0, 0, 0);
    while connections < 4 || Instant::now() < until {
        let mut connection = Frames::connect(address, &host, &[]);
        let went = send(&mut connection, FRAMES, &next);
        connections += 1;
        sent += went;
        if cut {
            // What went out last may still lie between the two: the server has to close, however much of it that was.
            connection.goodbye();
        }
        ended += usize::from(cut || went < FRAMES);
    }
    let grown = memory_kib(pair.server().pid()).saturating_sub(before);
    let waits = steady.end();
    waits.assert_good(what);
    assert!(grown < MOST, "{what}: {grown} KiB");
    record(&Figure {
        id: "F13",
        what: &format!("HTTP/2 flood: {what}"),
        measured: &[
            ("frames", sent.into()),
            ("connections", connections.into()),
            ("of them ended", ended.into()),
            ("good requests", waits.times.len().into()),
            ("failed", waits.failures.len().into()),
            ("p99 ms", waits.within(990).into()),
            ("server KiB more", grown.into()),
        ],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test pressure http2_floods",
        covers_not: "TLS; many connections at once",
    });
}

/// CVE-2023-44487: a stream that is reset as soon as it was opened costs the server work and its client nothing.
#[test]
fn rapid_resets_end_their_connection() {
    let _alone = crate::alone();
    flood("rapid resets", true, |connection, number| {
        let stream = u32::try_from(2 * number + 1).unwrap();
        [connection.get(stream, DOCUMENT), frame(kind::RST_STREAM, 0, stream, &8u32.to_be_bytes())].concat()
    });
}

/// CVE-2024-27316 and its kin: a head that never ends is never buffered.
#[test]
fn a_head_that_goes_on_for_ever_ends_its_connection() {
    let _alone = crate::alone();
    flood("CONTINUATION", true, |connection, number| match number {
        0 => frame(kind::HEADERS, END_STREAM, 1, &connection.head(DOCUMENT)),
        // A literal field without indexing, of a name and a value of 60 bytes each.
        _ => frame(kind::CONTINUATION, 0, 1, &[&[0, 60], &[b'a'; 60][..], &[60], &[b'b'; 60]].concat()),
    });
}

/// CVE-2019-9515, CVE-2019-9512: answers that nobody reads are not piled up.
#[test]
fn floods_of_settings_and_pings_cost_their_sender_only() {
    let _alone = crate::alone();
    flood("SETTINGS", false, |_, _| frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff]));
    flood("PING", false, |_, _| frame(kind::PING, 0, 0, &[7; 8]));
}

/// CVE-2019-9518, CVE-2019-9516: frames that carry nothing.
#[test]
fn empty_frames_and_windows_that_creep_harm_nobody() {
    let _alone = crate::alone();
    flood("empty DATA", true, |connection, number| match number {
        0 => frame(
            kind::HEADERS,
            END_HEADERS,
            1,
            &connection.head(DOCUMENT).iter().map(|byte| if *byte == 0x82 { 0x83 } else { *byte }).collect::<Vec<_>>(),
        ),
        _ => frame(kind::DATA, 0, 1, &[]),
    });
    flood("WINDOW_UPDATE", false, |_, _| frame(kind::WINDOW_UPDATE, 0, 0, &1u32.to_be_bytes()));
}

/// CVE-2019-9517: answers for which no window opens are not kept for as long as their client likes.
#[test]
fn a_client_that_opens_no_window_is_let_go() {
    let _alone = crate::alone();
    let pair = Pair::single("window", "[server.limits]\nidle_timeout = \"2s\"\nwrite_timeout = \"1s\"\n");
    let (address, host) = (pair.browser().address, pair.browser().host);
    let mut connection = Frames::connect(address, &host, &[(INITIAL_WINDOW_SIZE, 0)]);
    let asked: Vec<u8> = (0..50).flat_map(|number| connection.get(2 * number + 1, DOCUMENT)).collect();
    connection.write(&asked).unwrap();
    // Reads until the server has closed; the harness's patience of 30 s would panic elsewhere.
    let code = connection.goodbye();
    assert!(code.is_none_or(|code| [0, CALM].contains(&code)), "{code:?}");
    assert!(!pair.tokens(&mut pair.browser()).access.is_empty());
}

/// RFC 9113 §5.1.1, §4.2, §6: frames that may not be end the connection, and it alone.
#[test]
fn frames_that_may_not_be_end_their_connection_alone() {
    let _alone = crate::alone();
    let pair = Pair::single("frames", "");
    let (address, host) = (pair.browser().address, pair.browser().host);
    let head = Frames::connect(address, &host, &[]).head(DOCUMENT);
    for (what, bytes) in [
        ("an even stream", frame(kind::HEADERS, END_STREAM | END_HEADERS, 2, &head)),
        ("a continuation of nothing", frame(kind::CONTINUATION, END_HEADERS, 1, &head)),
        ("data of no stream", frame(kind::DATA, 0, 0, b"x")),
        ("settings of a stream", frame(kind::SETTINGS, 0, 1, &[])),
        ("settings of five bytes", frame(kind::SETTINGS, 0, 0, &[1; 5])),
        ("a ping of seven bytes", frame(kind::PING, 0, 0, &[1; 7])),
        ("a window of more than there is", frame(kind::WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())),
        ("a head that is no HPACK", frame(kind::HEADERS, END_STREAM | END_HEADERS, 1, &[0xff; 40])),
        ("a frame over the limit", frame(kind::DATA, 0, 1, &vec![0; 20_000])),
    ] {
        let mut connection = Frames::connect(address, &host, &[]);
        let _ = connection.write(&bytes);
        assert!(connection.goodbye().is_some_and(|code| code != 0), "{what}");
    }
    assert!(!pair.tokens(&mut pair.browser()).access.is_empty());
}
