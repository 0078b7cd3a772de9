//! Request ids: 80 bits as 16 letters of base32, or what a trusted proxy already gave the request.
//!
//! An id has to be unique, not secret: half of it is a random series of the thread, half a scrambled count, so that most requests ask
//! the system for no randomness.

use std::cell::Cell;
use std::sync::Arc;

use http::HeaderMap;
use keyhook_component::system::Random;

/// The header that carries it, inward from trusted proxies and outward on every refusal.
pub(crate) const HEADER: &str = "x-request-id";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Ids that a thread makes of one series.
const SERIES: u32 = 1 << 16;
const HALF: u64 = (1 << 40) - 1;
/// Odd, so that multiplying by it maps 40 bits onto 40 bits one to one.
const SCRAMBLE: u64 = 0x9e37_79b9_7f4a_7c15 & HALF;

/// A thread's series, its next count, and how many ids are left in it.
#[derive(Clone, Copy)]
struct Series {
    name: u64,
    count: u64,
    left: u32,
}

thread_local!(static OWN: Cell<Series> = const { Cell::new(Series { name: 0, count: 0, left: 0 }) });

/// A new id.
pub(crate) fn fresh(random: &(dyn Random + 'static)) -> Arc<str> {
    let mut own = OWN.get();
    if own.left == 0 {
        own = begin(random.bytes());
    }
    let id = letters(own.name, own.count.wrapping_mul(SCRAMBLE) & HALF);
    OWN.set(Series { count: own.count + 1, left: own.left - 1, ..own });
    str::from_utf8(&id).unwrap_or_default().into()
}

fn begin(chance: [u8; 10]) -> Series {
    let half = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Series { name: half(&chance[..5]), count: half(&chance[5..]), left: SERIES }
}

/// Two halves of 40 bits in base32 (RFC 4648 §6, in lower case).
fn letters(first: u64, second: u64) -> [u8; 16] {
    std::array::from_fn(|at| {
        let half = if at < 8 { first } else { second };
        let digit = half >> (35 - 5 * (at % 8)) & 31;
        ALPHABET[usize::try_from(digit).unwrap_or_default()]
    })
}

/// The id that a trusted proxy gave, if it is one that may stand in a log and a header.
pub(crate) fn given(headers: &HeaderMap) -> Option<Arc<str>> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    ((8..=64).contains(&id.len()) && plain).then(|| id.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    struct Fixed([u8; 10]);

    impl Random for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.copy_from_slice(&self.0);
        }
    }

    /// RFC 4648 §6, in lower case.
    #[test]
    fn an_id_is_base32_of_two_halves() {
        let half = |text: &[u8; 5]| text.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        assert_eq!(&letters(0, HALF), b"aaaaaaaa77777777");
        assert_eq!(&letters(half(b"fooba"), half(b"rfoob")), b"mzxw6ytbojtg633c");
    }

    #[test]
    fn no_two_ids_of_a_thread_are_the_same_also_past_the_end_of_a_series() {
        let chance = [Fixed(*b"seriesone!"), Fixed(*b"othertwo!!")];
        let ids: std::collections::HashSet<_> = (0..SERIES + 100).map(|id| fresh(&chance[usize::from(id >= SERIES)])).collect();
        assert_eq!(ids.len(), SERIES as usize + 100);
        assert!(ids.iter().all(|id| id.len() == 16));
    }

    #[test]
    fn a_given_id_that_could_disturb_a_log_is_not_taken() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, text.parse().unwrap());
            given(&headers)
        };
        assert_eq!(id("0af7651916cd43dd").as_deref(), Some("0af7651916cd43dd"));
        for wrong in ["short", "with space here", "${jndi:ldap://x}", &"a".repeat(65)] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }
}
