//! The time-ordered number that names a record: 41 bits of milliseconds, then 22 of chance.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const RANDOM_BITS: u32 = 22;
const RANDOM_MASK: i64 = (1 << RANDOM_BITS) - 1;
const LAST_MILLISECOND: i64 = (1 << 41) - 1;
/// 2025-01-01T00:00:00Z. Counted from here, 41 bits of milliseconds last until September 2094.
const EPOCH_MILLIS: i64 = 1_735_689_600_000;

/// A positive 63-bit number, in the order of birth. It selects a record and is no secret.
///
/// Ids of one kind grow with time, so inserts append and purging is a range: everything below
/// [`RecordId::floor`] of a moment was born before it. Two ids drawn in the same millisecond collide once in four
/// million; the store refuses the second insert and a new one is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(i64);

impl RecordId {
    /// No record: the grant of a token that has none (`client_credentials`).
    pub const NONE: Self = Self(0);

    /// An id born at `now` (moments outside 2025 to 2094 are clamped) with the low 22 bits of `entropy`; never
    /// [`RecordId::NONE`].
    pub fn new(now: Timestamp, entropy: u32) -> Self {
        let random = i64::from(entropy) & RANDOM_MASK;
        Self((Self::floor(now).0 | random).max(1))
    }

    /// The smallest id that can be born at `moment`: the upper, exclusive bound of a purge.
    pub fn floor(moment: Timestamp) -> Self {
        let since = moment.millis().saturating_sub(EPOCH_MILLIS).clamp(0, LAST_MILLISECOND);
        Self(since << RANDOM_BITS)
    }

    /// The number, as stores keep it.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// An id that a store kept or a token carried; a negative number names nothing and becomes [`RecordId::NONE`].
    pub const fn from_raw(raw: i64) -> Self {
        if raw < 0 { Self::NONE } else { Self(raw) }
    }

    /// The moment of birth, to the millisecond.
    pub const fn born(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> RANDOM_BITS) + EPOCH_MILLIS)
    }

    /// Whether this is [`RecordId::NONE`].
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_123);

    #[test]
    fn an_id_remembers_its_millisecond() {
        let id = RecordId::new(NOW, u32::MAX);
        assert_eq!(id.born(), NOW);
        assert_eq!(RecordId::from_raw(id.raw()), id);
    }

    #[test]
    fn ids_sort_by_birth_whatever_their_chance() {
        let earlier = RecordId::new(NOW, u32::MAX);
        let later = RecordId::new(NOW.plus(Duration::from_millis(1)), 0);
        assert!(earlier < later);
        assert!(RecordId::floor(later.born()) <= later);
        assert!(earlier < RecordId::floor(later.born()));
    }

    #[test]
    fn no_moment_makes_a_negative_id_or_none() {
        for moment in [Timestamp::ZERO, Timestamp::MAX, NOW, Timestamp::from_millis(i64::MIN)] {
            for entropy in [0, 1, u32::MAX] {
                assert!(RecordId::new(moment, entropy).raw() > 0);
            }
        }
        assert!(RecordId::from_raw(-5).is_none());
    }

    #[test]
    fn an_id_is_shown_as_its_number() {
        assert_eq!(RecordId::from_raw(77).to_string(), "77");
    }
}
