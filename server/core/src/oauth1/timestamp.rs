//! Timestamps and nonces: which moments are believed, and the name under which a nonce is recorded (RFC 5849 §3.3).

use std::time::Duration;

use super::error::{Oauth1Error, Problem};
use crate::crypto::sha256;
use crate::kh;
use crate::time::Timestamp;

/// Bytes of a [`NonceKey`].
const LEN: usize = 24;

const LABEL: &[u8] = b"keyhook oauth1 nonce 1";

/// How far the clock of a client may be off, in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// How many seconds a timestamp may lie in the past.
    pub past: u64,
    /// How many seconds a timestamp may lie in the future.
    pub future: u64,
    /// The first second that is believed at all, where what was recorded before it is lost.
    pub first: u64,
}

impl Default for Window {
    /// Five minutes on both sides.
    fn default() -> Self {
        Self { past: 300, future: 300, first: 0 }
    }
}

impl Window {
    /// Whether a timestamp is believed at `now`.
    ///
    /// # Errors
    /// `timestamp_refused`, with the seconds that are believed (RFC 5849 §3.2, §3.3).
    pub fn check(&self, timestamp: u64, now: Timestamp) -> Result<(), Oauth1Error> {
        let now = seconds(now);
        let (first, last) = (now.saturating_sub(self.past).max(self.first), now.saturating_add(self.future));
        if (first..=last).contains(&timestamp) {
            return Ok(());
        }
        let refusal = Oauth1Error::new(Problem::TimestampRefused, "oauth_timestamp is too far from the time of this server")
            .with_kh(kh::OAUTH1_TIMESTAMP)
            .with_cause(format!("timestamp {timestamp}, believed are {first} to {last}"));
        Err(Oauth1Error { parameter: None, acceptable_timestamps: Some((first, last)), ..refusal })
    }

    /// From when on a request with this timestamp is refused by its timestamp, so that its nonce may be forgotten.
    pub fn forget_at(&self, timestamp: u64) -> Timestamp {
        let seconds = i64::try_from(timestamp).unwrap_or(i64::MAX);
        // The whole second counts in which the window still holds it.
        Timestamp::from_seconds(seconds).plus(Duration::from_secs(self.past.saturating_add(1)))
    }
}

fn seconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.seconds()).unwrap_or(0)
}

/// The name under which a nonce is recorded: where exactly one can insert it, exactly one request is the first.
///
/// Eight bytes of the timestamp, big endian, so that what has run out lies together; then 128 bits of SHA-256 over consumer, token,
/// timestamp and nonce (RFC 5849 §3.3: unique across all requests with the same three), each with its length, so that none runs into
/// the next. Whoever finds two nonces of one hash has refused a request of their own; for somebody else's it takes 2^128 tries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NonceKey {
    bytes: [u8; LEN],
    forget_at: Timestamp,
}

impl NonceKey {
    pub(crate) fn new(consumer: &str, token: Option<&str>, timestamp: u64, nonce: &str, window: &Window) -> Self {
        let token = token.unwrap_or_default();
        let mut message = Vec::with_capacity(LABEL.len() + 32 + consumer.len() + token.len() + nonce.len());
        message.extend_from_slice(LABEL);
        message.extend_from_slice(&timestamp.to_be_bytes());
        for part in [consumer, token, nonce] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(&timestamp.to_be_bytes());
        bytes[8..].copy_from_slice(&sha256(&message)[..LEN - 8]);
        Self { bytes, forget_at: window.forget_at(timestamp) }
    }

    /// The 24 bytes to insert.
    pub const fn as_bytes(&self) -> &[u8; LEN] {
        &self.bytes
    }

    /// When the record may be forgotten, and not before.
    pub const fn forget_at(&self) -> Timestamp {
        self.forget_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// The earlier systems believed every timestamp of the future.
    #[test]
    fn a_timestamp_too_far_in_the_past_or_in_the_future_is_refused() {
        let window = Window::default();
        for (timestamp, believed) in
            [(NOW, true), (NOW - 300, true), (NOW - 301, false), (NOW + 300, true), (NOW + 301, false), (1, false), (u64::MAX, false)]
        {
            let found = window.check(timestamp, at(NOW));
            assert_eq!(found.is_ok(), believed, "{timestamp}");
            if let Err(error) = found {
                assert_eq!((error.problem, error.status()), (Problem::TimestampRefused, 401));
                assert_eq!(error.acceptable_timestamps, Some((NOW - 300, NOW + 300)));
            }
        }
    }

    #[test]
    fn no_moment_and_no_window_overflows() {
        let wide = Window { past: u64::MAX, future: u64::MAX, first: 0 };
        assert!(wide.check(u64::MAX, Timestamp::MAX).is_ok());
        assert!(wide.check(1, Timestamp::from_seconds(-5)).is_ok());
        assert_eq!(wide.forget_at(u64::MAX), Timestamp::MAX);
        assert!(Window::default().check(u64::MAX, Timestamp::MAX).is_err());
    }

    #[test]
    fn a_nonce_is_kept_as_long_as_its_timestamp_is_believed() {
        let window = Window { past: 10, future: 5, first: 0 };
        let forget_at = window.forget_at(NOW);
        let last = Timestamp::from_millis(forget_at.millis() - 1);
        assert!(window.check(NOW, last).is_ok() && !forget_at.has_passed(last));
        assert!(window.check(NOW, forget_at).is_err() && forget_at.has_passed(forget_at));
    }

    #[test]
    fn nothing_from_before_the_first_second_is_believed() {
        let window = Window { first: NOW, ..Window::default() };
        assert!(window.check(NOW - 1, at(NOW)).is_err());
        assert!(window.check(NOW, at(NOW)).is_ok() && window.check(NOW + 300, at(NOW)).is_ok());
    }

    /// RFC 5849 §3.3.
    #[test]
    fn a_nonce_is_one_per_consumer_token_and_timestamp() {
        let key = |consumer: &str, token: Option<&str>, timestamp, nonce: &str| {
            *NonceKey::new(consumer, token, timestamp, nonce, &Window::default()).as_bytes()
        };
        let one = key("shop", Some("t"), NOW, "n");
        assert_eq!(one, key("shop", Some("t"), NOW, "n"));
        assert_eq!(one[..8], NOW.to_be_bytes());
        for other in [
            key("shops", Some("t"), NOW, "n"),
            key("shop", Some("tn"), NOW, ""),
            key("shop", None, NOW, "tn"),
            key("shopt", None, NOW, "n"),
            key("shop", Some("t"), NOW + 1, "n"),
            key("shop", Some("t"), NOW, "N"),
        ] {
            assert_ne!(one, other);
        }
    }
}
