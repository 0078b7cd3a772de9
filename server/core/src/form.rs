//! Parameters of a query or a form body (`application/x-www-form-urlencoded`), decoded once, strictly, in order.

use std::fmt;

use zeroize::Zeroize;

use crate::error::OAuthError;
use crate::mask::masked;
use crate::{kh, text};

/// Decoded parameters in the order they came.
///
/// One buffer holds all names and values; it is wiped when dropped, since passwords and codes pass through it. What is
/// sent twice is remembered and refused when it is asked for.
#[derive(Clone, Default)]
pub struct Form {
    decoded: String,
    /// Where each pair starts in `decoded`, where its value starts, where it ends.
    pairs: Vec<(usize, usize, usize)>,
}

/// Why a form could not be decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormError {
    /// A `%` that is not followed by two hexadecimal digits.
    PercentEncoding,
    /// Bytes that are not UTF-8 after decoding.
    NotUtf8,
    /// A NUL character.
    Nul,
    /// More parameters than the limit.
    TooMany,
}

impl Form {
    /// Decodes `input`, which holds at most `limit` parameters. Empty segments (`a=1&&b=2`) do not count.
    ///
    /// # Errors
    /// See [`FormError`]. Nothing is repaired: overlong UTF-8, lone surrogates and stray `%` are refused.
    pub fn parse(input: &[u8], limit: usize) -> Result<Self, FormError> {
        let mut bytes = Vec::with_capacity(input.len());
        let mut pairs = Vec::with_capacity(8);
        for segment in input.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()) {
            if pairs.len() == limit {
                return Err(FormError::TooMany);
            }
            let split = segment.iter().position(|byte| *byte == b'=');
            let (name, value) = match split {
                Some(at) => (&segment[..at], &segment[at + 1..]),
                None => (segment, &segment[..0]),
            };
            let start = bytes.len();
            decode(name, &mut bytes)?;
            let middle = bytes.len();
            decode(value, &mut bytes)?;
            pairs.push((start, middle, bytes.len()));
        }
        let decoded = String::from_utf8(bytes).map_err(|_| FormError::NotUtf8)?;
        // The whole is UTF-8; each piece is too exactly if no character straddles a border.
        let whole = |at: usize| decoded.is_char_boundary(at);
        if pairs.iter().all(|&(start, middle, end)| whole(start) && whole(middle) && whole(end)) {
            Ok(Self { decoded, pairs })
        } else {
            Err(FormError::NotUtf8)
        }
    }

    /// All pairs, in order, empty values and duplicates included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|&(start, middle, end)| (&self.decoded[start..middle], &self.decoded[middle..end]))
    }

    /// A copy without the parameters that `withheld` names.
    #[must_use]
    pub fn without(&self, withheld: impl Fn(&str) -> bool) -> Self {
        let mut kept = Self { decoded: String::with_capacity(self.decoded.len()), pairs: Vec::with_capacity(self.pairs.len()) };
        for (name, value) in self.iter().filter(|(name, _)| !withheld(name)) {
            let start = kept.decoded.len();
            kept.decoded.push_str(name);
            let middle = kept.decoded.len();
            kept.decoded.push_str(value);
            kept.pairs.push((start, middle, kept.decoded.len()));
        }
        kept
    }

    /// Whether there are no parameters at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The first value of `name` as it is, even if empty or sent again: for display and logs, not for decisions.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The value of a parameter that may be absent; an empty one counts as absent (RFC 6749 §3.1).
    ///
    /// # Errors
    /// `invalid_request` if it was sent more than once (RFC 6749 §3.1, §3.2).
    pub fn once(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.iter().filter(|(found, _)| *found == name).map(|(_, value)| value);
        let value = values.next();
        if values.next().is_some() {
            return Err(sent_twice(name));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be present and not empty.
    ///
    /// # Errors
    /// `invalid_request` if it is absent, empty, or sent more than once.
    pub fn required(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.once(name)?.ok_or_else(|| {
            OAuthError::invalid_request("a required parameter is missing")
                .with_public(format!("the parameter {name} is missing"))
                .with_kh(kh::MISSING_PARAMETER)
        })
    }

    /// Refuses the whole form if any parameter, known or not, was sent more than once.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn no_duplicates(&self) -> Result<(), OAuthError> {
        // Comparing each with those before it is the fastest way for the few that a request has; a form has a limit.
        let mut names = self.iter().map(|(name, _)| name).enumerate();
        match names.find(|(index, name)| self.iter().take(*index).any(|(earlier, _)| earlier == *name)) {
            Some((_, name)) => Err(sent_twice(name)),
            None => Ok(()),
        }
    }
}

/// The refusal of a duplicate. The name may be the sender's invention, so only the log gets it.
fn sent_twice(name: &str) -> OAuthError {
    let name: String = masked(name).chars().take(64).filter(|c| !c.is_control()).collect();
    OAuthError::invalid_request("a parameter was sent more than once")
        .with_cause(format!("parameter `{name}`"))
        .with_kh(kh::DUPLICATE_PARAMETER)
}

/// Appends the decoded bytes of one name or value: `+` is a space, `%XX` a byte, everything else itself.
pub(crate) fn decode(encoded: &[u8], out: &mut Vec<u8>) -> Result<(), FormError> {
    // What most names and values are; as in `text`, to the end in any case.
    if !encoded.iter().fold(false, |found, byte| found | matches!(byte, b'+' | b'%' | 0)) {
        out.extend_from_slice(encoded);
        return Ok(());
    }
    let mut rest = encoded;
    loop {
        let plain = rest.iter().position(|byte| matches!(byte, b'+' | b'%' | 0)).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        let decoded = match &rest[plain..] {
            [] => return Ok(()),
            [b'+', after @ ..] => {
                rest = after;
                b' '
            }
            [b'%', high, low, after @ ..] => {
                rest = after;
                hex(*high)? << 4 | hex(*low)?
            }
            [b'%', ..] => return Err(FormError::PercentEncoding),
            [_, ..] => return Err(FormError::Nul),
        };
        if decoded == 0 {
            return Err(FormError::Nul);
        }
        out.push(decoded);
    }
}

fn hex(digit: u8) -> Result<u8, FormError> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(FormError::PercentEncoding)
}

impl From<FormError> for OAuthError {
    fn from(error: FormError) -> Self {
        Self::invalid_request(match error {
            FormError::PercentEncoding => "the parameters are not percent-encoded correctly",
            FormError::NotUtf8 => "the parameters are not UTF-8",
            FormError::Nul => "the parameters contain NUL",
            FormError::TooMany => "too many parameters",
        })
        .with_kh(kh::MALFORMED_FORM)
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OAuthError::from(*self).description)
    }
}

impl std::error::Error for FormError {}

impl Drop for Form {
    fn drop(&mut self) {
        self.decoded.zeroize();
    }
}

impl fmt::Debug for Form {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|(name, _)| if text::is_error_text(name) { name } else { "?" });
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests;
