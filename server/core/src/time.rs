//! A moment, as milliseconds since the Unix epoch, that always comes in as an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored. Serialized as that integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch itself; earlier than everything keyhook issues.
    pub const ZERO: Self = Self(0);
    /// Later than every other moment: "never ends".
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment `seconds` seconds after the epoch, as JSON `exp` and `iat` count it; saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved into the future; stops at [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(span)))
    }

    /// This moment moved into the past; stops at the smallest representable one.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(span)))
    }

    /// Whether this moment is `now` or earlier. An expiry that equals `now` has passed: what is in doubt has ended.
    pub const fn has_passed(self, now: Self) -> bool {
        self.0 <= now.0
    }

    /// The time from this moment until `later`; zero if `later` is not later.
    pub fn until(self, later: Self) -> Duration {
        if later.0 <= self.0 {
            return Duration::ZERO;
        }
        Duration::from_millis(later.0.abs_diff(self.0))
    }
}

fn millis_of(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_at_this_very_moment_has_passed() {
        let now = Timestamp::from_seconds(10);
        assert!(now.has_passed(now));
        assert!(!now.plus(Duration::from_millis(1)).has_passed(now));
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::ZERO.minus(Duration::MAX).millis(), -i64::MAX);
        assert_eq!(Timestamp::from_seconds(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn the_span_until_an_earlier_moment_is_zero() {
        let now = Timestamp::from_millis(1500);
        assert_eq!(now.until(Timestamp::ZERO), Duration::ZERO);
        assert_eq!(Timestamp::ZERO.until(now), Duration::from_millis(1500));
        assert_eq!(now.seconds(), 1);
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
    }
}
