//! The value of a protocol parameter. It stays among the pairs of its request unless it has to be decoded.

use std::ops::Range;

use super::encoding;
use super::error::Oauth1Error;
use super::pairs::Pairs;
use crate::text;

/// Text that may go into a log, UTF-8 without control characters: where it stands among the pairs, or what it is decoded.
#[derive(Clone)]
pub(super) enum Value {
    Plain(Range<usize>),
    Decoded(String),
}

impl Value {
    /// Reads what stands there.
    ///
    /// # Errors
    /// `parameter_rejected` for anything else, and for what is longer than `longest` bytes.
    pub(super) fn read(name: &'static str, pairs: &Pairs, place: Range<usize>, longest: usize) -> Result<Self, Oauth1Error> {
        let encoded = pairs.at(place.clone());
        let value = if encoded.contains(&b'%') {
            encoding::decode(encoded).filter(|text| !text.chars().any(text::misleads)).map(Self::Decoded)
        } else {
            Some(Self::Plain(place))
        };
        value
            .filter(|value| value.len() <= longest)
            .ok_or_else(|| Oauth1Error::rejected(name, "a protocol parameter is too long or holds characters that it may not hold"))
    }

    /// Bytes of the text.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Plain(place) => place.len(),
            Self::Decoded(text) => text.len(),
        }
    }

    /// The text, out of the pairs that it was read from; others give another text.
    pub(super) fn of<'a>(&'a self, pairs: &'a Pairs) -> &'a str {
        match self {
            // Letters, digits and four signs.
            Self::Plain(place) => std::str::from_utf8(pairs.at(place.clone())).unwrap_or_default(),
            Self::Decoded(text) => text,
        }
    }

    /// The text on its own. Of secrets no copy is left unwiped: the pairs wipe themselves.
    pub(super) fn take(self, pairs: &Pairs) -> String {
        match self {
            Self::Plain(_) => self.of(pairs).to_owned(),
            Self::Decoded(text) => text,
        }
    }
}

/// RFC 5849 §3.3: a positive integer. Leading zeros and signs are other texts for the same moment.
pub(super) fn timestamp(digits: &str) -> Result<u64, Oauth1Error> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let seconds = if plain { digits.parse().ok() } else { None };
    seconds.ok_or_else(|| Oauth1Error::rejected("oauth_timestamp", "oauth_timestamp is a positive integer, in seconds since 1970"))
}
