//! When signing keys are made, used and given up: published before use, kept until the last token has ended (RFC 7517 §5, RFC 8725 §3.1).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::crypto::Algorithm;
use crate::time::Timestamp;

/// No JWT access token lives longer: so long is a retired key published.
pub const LONGEST_TOKEN: Duration = Duration::from_hours(24);

/// What a key is used for at present.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, so that verifiers know it before the first token.
    Next,
    /// Signs.
    Current,
    /// Published until the last token that it signed has ended.
    Retired,
}

/// What the rotation looks at of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyAge {
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What it is.
    pub state: KeyState,
    /// Since when.
    pub since: Timestamp,
}

/// What an operator wants of signing keys.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// What tokens are signed with. Another than the present key's brings a new key, which is published first.
    pub algorithm: Algorithm,
    /// How long a key signs.
    pub every: Duration,
    /// How long a key is published before it signs; longer than verifiers keep the key set.
    pub ahead: Duration,
}

/// The one thing that is to be done now; afterwards there may be another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Make a key in this state. `Current` only where there is none at all, and nobody waits for one.
    Make(KeyState),
    /// The key at this index becomes current; the current one retires.
    Promote(usize),
    /// The key at this index is over.
    Drop(usize),
}

impl Rotation {
    /// What is due for these keys.
    pub fn due(&self, keys: &[KeyAge], now: Timestamp) -> Due {
        let at = |state| keys.iter().position(|key| key.state == state);
        let passed = |since: Timestamp, wait: Duration| since.plus(wait).has_passed(now);
        if let Some(over) = keys.iter().position(|key| key.state == KeyState::Retired && passed(key.since, LONGEST_TOKEN + self.ahead)) {
            return Due::Drop(over);
        }
        let Some(current) = at(KeyState::Current).map(|index| keys[index]) else {
            return at(KeyState::Next).map_or(Due::Make(KeyState::Current), Due::Promote);
        };
        let other_wanted = current.algorithm != self.algorithm;
        match at(KeyState::Next) {
            // The wish has changed again before it came true.
            Some(next) if keys[next].algorithm != self.algorithm => Due::Drop(next),
            Some(next) if passed(keys[next].since, self.ahead) && (other_wanted || passed(current.since, self.every)) => Due::Promote(next),
            None if other_wanted || passed(current.since, self.every.saturating_sub(self.ahead)) => Due::Make(KeyState::Next),
            _ => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const ROTATION: Rotation = Rotation { algorithm: Algorithm::Es256, every: Duration::from_hours(1000), ahead: HOUR };
    const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn key(state: KeyState, hours: u32) -> KeyAge {
        KeyAge { algorithm: Algorithm::Es256, state, since: START.plus(HOUR * hours) }
    }

    fn due(keys: &[KeyAge], hours: u32) -> Due {
        ROTATION.due(keys, START.plus(HOUR * hours))
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_second_is_published_first() {
        use KeyState::{Current, Next, Retired};
        assert_eq!(due(&[], 0), Due::Make(Current));
        assert_eq!(due(&[key(Current, 0)], 998), Due::Nothing);
        assert_eq!(due(&[key(Current, 0)], 999), Due::Make(Next));
        assert_eq!(due(&[key(Current, 0), key(Next, 999)], 999), Due::Nothing);
        assert_eq!(due(&[key(Current, 0), key(Next, 999)], 1000), Due::Promote(1));
        // Nobody asked for a while: what is published late signs late.
        assert_eq!(due(&[key(Current, 0), key(Next, 5000)], 5000), Due::Nothing);
        assert_eq!(due(&[key(Current, 0), key(Next, 5000)], 5001), Due::Promote(1));
        assert_eq!(due(&[key(Retired, 1000), key(Current, 1000)], 1024), Due::Nothing);
        assert_eq!(due(&[key(Retired, 1000), key(Current, 1000)], 1025), Due::Drop(0));
    }

    #[test]
    fn another_algorithm_comes_without_a_flag_day() {
        let wish = Rotation { algorithm: Algorithm::EdDsa, ..ROTATION };
        let old = key(KeyState::Current, 0);
        let new = KeyAge { algorithm: Algorithm::EdDsa, state: KeyState::Next, since: START };
        assert_eq!(wish.due(&[old], START), Due::Make(KeyState::Next));
        assert_eq!(wish.due(&[old, new], START), Due::Nothing);
        assert_eq!(wish.due(&[old, new], START.plus(HOUR)), Due::Promote(1));
        assert_eq!(due(&[old, new], 0), Due::Drop(1), "the wish was taken back");
    }

    #[test]
    fn a_ring_without_a_current_key_uses_the_one_that_verifiers_know() {
        assert_eq!(due(&[key(KeyState::Next, 0)], 0), Due::Promote(0));
        assert_eq!(due(&[key(KeyState::Retired, 0)], 0), Due::Make(KeyState::Current));
    }
}
