//! Refresh tokens: rotate, repeat, or treat as stolen (RFC 6749 §6, RFC 9700 §4.14).

use std::time::Duration;

use crate::error::OAuthError;
use crate::scope::{Granted, Scope};
use crate::time::Timestamp;

/// What to do with a refresh token whose selector, secret and client have matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefreshVerdict {
    /// It is live: spend it and issue a successor.
    Rotate,
    /// It was spent a moment ago, so an answer got lost: give the same successor again.
    Successor,
    /// It was spent long ago: somebody has a copy, and the family ends.
    Replay,
}

/// Decides about a refresh token.
///
/// `spent_at` is when it was spent, if it is known; `grace` is how long the same answer is repeated, and zero means
/// never. A clock that stands behind the one that spent the token gets the same tolerance.
pub fn decide(live: bool, spent_at: Option<Timestamp>, grace: Duration, now: Timestamp) -> RefreshVerdict {
    if live {
        return RefreshVerdict::Rotate;
    }
    match spent_at {
        Some(spent_at) if spent_at.until(now).max(now.until(spent_at)) < grace => RefreshVerdict::Successor,
        _ => RefreshVerdict::Replay,
    }
}

/// The scope of the new access token: what was granted, or the requested part of it (RFC 6749 §6).
///
/// # Errors
/// `invalid_scope` if more is requested than was granted.
pub fn narrow(granted: &Granted, requested: Option<&Scope>) -> Result<Granted, OAuthError> {
    requested.filter(|scope| !scope.is_empty()).map_or_else(|| Ok(granted.clone()), |scope| granted.subset(scope))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    const SPENT: Timestamp = Timestamp::from_seconds(100);
    const GRACE: Duration = Duration::from_secs(10);

    /// RFC 9700 §4.14.2: attacks RT-01, RT-02.
    #[test]
    fn a_spent_token_is_repeated_within_the_grace_and_a_replay_after_it() {
        use RefreshVerdict::{Replay, Rotate, Successor};
        for (live, spent_at, grace, now, verdict) in [
            (true, None, GRACE, SPENT, Rotate),
            (false, Some(SPENT), GRACE, SPENT, Successor),
            (false, Some(SPENT), GRACE, Timestamp::from_millis(109_999), Successor),
            (false, Some(SPENT), GRACE, Timestamp::from_seconds(110), Replay),
            (false, Some(SPENT), GRACE, Timestamp::from_seconds(95), Successor),
            (false, Some(SPENT), GRACE, Timestamp::from_seconds(90), Replay),
            (false, Some(SPENT), Duration::ZERO, SPENT, Replay),
            (false, None, GRACE, SPENT, Replay),
        ] {
            assert_eq!(decide(live, spent_at, grace, now), verdict, "{live} {spent_at:?} {now:?}");
        }
    }

    /// RFC 6749 §6: omitted means what was granted; more is refused.
    #[test]
    fn a_refresh_never_widens_the_scope() {
        let granted = Granted::restore(Scope::parse("a b").unwrap());
        let asked = |text| narrow(&granted, Some(&Scope::parse(text).unwrap()));
        assert_eq!(narrow(&granted, None).unwrap(), granted);
        assert_eq!(asked("").unwrap(), granted);
        assert_eq!(asked("b a").unwrap(), granted);
        assert_eq!(asked("b").unwrap().to_string(), "b");
        assert!(asked("a c").is_err());
    }
}
