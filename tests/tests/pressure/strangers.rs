//! What somebody who never signs in can make the server remember: nothing (RFC 6749 §10.14 has the endpoint open to everybody).
//!
//! `KEYHOOK_STRANGERS` says how many requests.

use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::keep_alive::KeepAlive;
use keyhook_tests::pair::Pair;
use keyhook_tests::resident::memory_kib;
use keyhook_tests::size::asked;

/// Most that the server may grow by, in KiB; a hundred bytes a request would be more.
fn most(count: usize) -> u64 {
    4096 + count as u64 / 10
}

#[test]
fn authorization_requests_that_nobody_answers_leave_neither_memory_nor_records() {
    let _alone = crate::alone();
    let count = asked("KEYHOOK_STRANGERS", 5_000);
    let pair = Pair::single("strangers", "[store]\nurl = \"sqlite:keyhook.db\"\nshort = \"memory:\"\nevicting = [\"short\"]\n");
    let (browser, path) = (pair.browser(), pair.ask().path());
    let mut client = KeepAlive::new(browser.address, &browser.host);
    let mut ask = |count: usize| {
        for _ in 0..count {
            let answer = client.get(&path).unwrap();
            assert!(
                answer.status == 303 && answer.location().starts_with("/login?interaction=khi_"),
                "{} {}",
                answer.status,
                answer.text()
            );
        }
    };
    // What is allocated once is there before the count begins.
    ask(1000);
    let before = memory_kib(pair.server().pid());
    ask(count);
    let grown = memory_kib(pair.server().pid()).saturating_sub(before);
    assert!(grown <= most(count), "{grown} KiB for {count} requests");
    record(&Figure {
        id: "F13",
        what: "memory after authorization requests of strangers, none of them answered",
        measured: &[("requests", count.into()), ("KiB more", grown.into())],
        accumulates: false,
        command: "cargo test -p keyhook-tests --test pressure strangers",
        covers_not: "plugins that keep session values, or notes longer than a cookie, for everybody who comes",
    });
    assert!(!pair.tokens(&mut pair.browser()).access.is_empty(), "and afterwards all is well");
}
