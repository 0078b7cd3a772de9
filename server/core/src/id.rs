//! The time-ordered number that names a record: 41 bits of milliseconds, then 22 of chance.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const RANDOM_BITS: u32 = 22;
const RANDOM_MASK: i64 = (1 << RANDOM_BITS) - 1;
/// Enough routes to spread over any cluster that is not in the hundreds; the other 12 bits keep apart what one grant issues within a
/// millisecond.
const ROUTE_MASK: i64 = (1 << 10) - 1;
const LAST_MILLISECOND: i64 = (1 << 41) - 1;
/// 2025-01-01T00:00:00Z. Counted from here, 41 bits of milliseconds last until September 2094.
const EPOCH_MILLIS: i64 = 1_735_689_600_000;

/// A positive 63-bit number, in the order of birth. It selects a record and is no secret.
///
/// Ids of one kind grow with time, so inserts append and purging is a range: everything below
/// [`RecordId::floor`] of a moment was born before it. Two ids drawn in the same millisecond collide once in four
/// million; the store refuses the second insert and a new one is drawn.
///
/// The lowest 10 bits are the [`RecordId::route`]: a store that is spread over machines keeps records of one route together. Codes and
/// tokens are born with the route of their grant, so that what is written in one batch lies in one place, which the id alone tells.
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

    /// An id born at `now` on the route of `grant`; with [`RecordId::NONE`] on one of its own.
    pub fn beside(grant: Self, now: Timestamp, entropy: u32) -> Self {
        let own = Self::new(now, entropy);
        if grant.is_none() { own } else { Self((own.0 & !ROUTE_MASK | grant.0 & ROUTE_MASK).max(1)) }
    }

    /// Where the record lies, 0 to 1023: the same for a grant and all that was issued under it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "10 bits are left")]
    pub const fn route(self) -> u16 {
        (self.0 & ROUTE_MASK) as u16
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
    fn what_is_issued_under_a_grant_lies_on_its_route_and_is_as_young_as_it_is() {
        let grant = RecordId::new(NOW, 0x0015_4321);
        let later = NOW.plus(Duration::from_secs(5));
        for entropy in [0, 1, 0x1234_5678, u32::MAX] {
            let token = RecordId::beside(grant, later, entropy);
            assert_eq!((token.route(), token.born()), (grant.route(), later));
        }
        assert_ne!(RecordId::beside(grant, later, 0), RecordId::beside(grant, later, u32::MAX));
        assert_eq!(RecordId::beside(RecordId::NONE, later, 77), RecordId::new(later, 77));
    }

    #[test]
    fn an_id_is_shown_as_its_number() {
        assert_eq!(RecordId::from_raw(77).to_string(), "77");
    }
}
