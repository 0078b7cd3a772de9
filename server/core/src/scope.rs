//! Scopes as sets, and the one way from what was asked for to what is granted (RFC 6749 §3.3).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::OAuthError;
use crate::mask::masked;
use crate::{kh, text};

const LONGEST: usize = 4096;

/// A set of scope tokens, kept in the order given and without repetition; equality ignores the order.
#[derive(Clone, Debug, Default)]
pub struct Scope(String);

impl Scope {
    /// Parses `token *( SP token )` with the characters of RFC 6749 §3.3; the empty string is the empty set.
    ///
    /// # Errors
    /// `invalid_scope` for other characters, for spaces that separate nothing, and for more than 4096 bytes.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        if text.len() > LONGEST || !text.split(' ').all(text::is_scope_token) {
            return Err(OAuthError::invalid_scope("the scope is malformed").with_kh(kh::MALFORMED_SCOPE));
        }
        let mut scope = Self(String::with_capacity(text.len()));
        text.split(' ').for_each(|token| scope.insert(token));
        Ok(scope)
    }

    /// The empty set.
    pub const fn empty() -> Self {
        Self(String::new())
    }

    /// Whether there is no token in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is in the set; compared byte for byte.
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|found| found == token)
    }

    /// Whether every token of this set is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|token| other.contains(token))
    }

    /// The tokens, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|token| !token.is_empty())
    }

    /// The tokens joined by single spaces, as they go over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds a well-formed token that may be in it already.
    fn insert(&mut self, token: &str) {
        if self.contains(token) {
            return;
        }
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(token);
    }
}

/// Collects tokens, dropping repetitions and what is no token.
impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut scope = Self::empty();
        tokens.into_iter().filter(|token| text::is_scope_token(token)).for_each(|token| scope.insert(token));
        scope
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset_of(other) && other.is_subset_of(self)
    }
}

impl Eq for Scope {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .map_err(|_| de::Error::custom("scope tokens are separated by one space and hold no quote or backslash"))
    }
}

/// A scope that a client may have: evidence that it was narrowed from what the client is allowed.
///
/// ```compile_fail
/// let all = keyhook_core::Granted(keyhook_core::Scope::parse("admin").unwrap());
/// ```
/// ```
/// use keyhook_core::{Granted, Scope};
/// let allowed = Scope::parse("read write")?;
/// assert!(Granted::narrow(Some(&Scope::parse("admin")?), &allowed, &Scope::empty()).is_err());
/// # Ok::<(), keyhook_core::OAuthError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Granted(Scope);

impl Granted {
    /// What of `allowed` is granted: exactly what was requested, or `default` if nothing was (RFC 6749 §3.3).
    ///
    /// # Errors
    /// `invalid_scope` if anything requested, or anything in the default, is not allowed; nothing is dropped silently.
    pub fn narrow(requested: Option<&Scope>, allowed: &Scope, default: &Scope) -> Result<Self, OAuthError> {
        let wanted = requested.filter(|scope| !scope.is_empty()).unwrap_or(default);
        if let Some(excess) = wanted.iter().find(|token| !allowed.contains(token)) {
            return Err(OAuthError::invalid_scope("the requested scope exceeds what this client may have")
                .with_cause(format!("scope `{}` is not allowed for the client", masked(excess)))
                .with_kh(kh::SCOPE_NOT_ALLOWED));
        }
        Ok(Self(wanted.clone()))
    }

    /// A part of this grant (RFC 6749 §6).
    ///
    /// # Errors
    /// `invalid_scope` if `wanted` holds anything that was not granted.
    pub fn subset(&self, wanted: &Scope) -> Result<Self, OAuthError> {
        if wanted.is_subset_of(&self.0) {
            return Ok(Self(wanted.clone()));
        }
        Err(OAuthError::invalid_scope("the requested scope exceeds what was granted").with_kh(kh::REFRESH_SCOPE))
    }

    /// What of it the client may still have: an operator may have taken a scope from the client since it was granted.
    ///
    /// # Errors
    /// `invalid_scope` if nothing is left of something: a token without a scope could mean anything.
    pub fn still(self, allowed: &Scope) -> Result<Self, OAuthError> {
        if self.0.is_subset_of(allowed) {
            return Ok(self);
        }
        let left: Scope = self.0.iter().filter(|token| allowed.contains(token)).collect();
        if left.is_empty() {
            return Err(
                OAuthError::invalid_scope("the client may have nothing of what was granted any more").with_kh(kh::SCOPE_NOT_ALLOWED)
            );
        }
        Ok(Self(left))
    }

    /// What was granted.
    pub const fn scope(&self) -> &Scope {
        &self.0
    }

    /// A grant read back from the store, where only narrowed scopes are written. For typed repositories alone; a
    /// scope that came with a request goes through [`Granted::narrow`].
    pub const fn restore(scope: Scope) -> Self {
        Self(scope)
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    /// RFC 6749 §3.3: 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces.
    #[test]
    fn other_characters_and_stray_spaces_are_refused() {
        for wrong in [" ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "a\nb", "é", "a\0", "a\u{7f}"] {
            assert!(Scope::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Scope::parse(&"a".repeat(LONGEST + 1)).is_err());
        assert!(scope("").is_empty());
    }

    #[test]
    fn a_scope_is_a_set_in_the_order_given() {
        let scope = scope("write read write");
        assert_eq!(scope.to_string(), "write read");
        assert_eq!(scope, super::tests::scope("read write"));
        assert!(scope.contains("read") && !scope.contains("rea") && !scope.contains(""));
        assert_eq!(serde_json::to_string(&scope).unwrap(), "\"write read\"");
        assert!(serde_json::from_str::<Scope>("\"a  b\"").is_err());
    }

    #[test]
    fn a_grant_never_holds_more_than_is_allowed() {
        let allowed = scope("read write");
        let default = scope("read");
        let granted = Granted::narrow(Some(&scope("write")), &allowed, &default).unwrap();
        assert_eq!(granted.scope(), &scope("write"));
        assert_eq!(Granted::narrow(None, &allowed, &default).unwrap().scope(), &default);
        assert_eq!(Granted::narrow(Some(&scope("")), &allowed, &default).unwrap().scope(), &default);
        for (requested, default) in [("read admin", "read"), ("admin", ""), ("Read", "read"), ("", "admin")] {
            let refused = Granted::narrow(Some(&scope(requested)), &allowed, &scope(default)).unwrap_err();
            assert_eq!(refused.kh, kh::SCOPE_NOT_ALLOWED, "{requested}");
        }
    }

    /// RFC 6749 §6: the requested scope MUST NOT include any scope not originally granted.
    #[test]
    fn a_part_of_a_grant_never_grows() {
        let granted = Granted::restore(scope("a b"));
        assert_eq!(granted.subset(&scope("b")).unwrap().scope(), &scope("b"));
        assert!(granted.subset(&scope("a b c")).is_err());
        assert!(granted.subset(&scope("b")).unwrap().subset(&scope("a")).is_err());
    }

    #[test]
    fn a_scope_is_collected_from_tokens_and_from_nothing_else() {
        assert_eq!(["read", "a b", "", "write", "read", "a\"b"].into_iter().collect::<Scope>().as_str(), "read write");
        assert_eq!(Granted::restore(scope("a b")).to_string(), "a b");
    }

    /// What an operator has taken from a client since is in no new token (RFC 6749 §3.3).
    #[test]
    fn a_grant_keeps_what_the_client_may_still_have_and_never_becomes_empty() {
        let still = |granted: &str, allowed: &str| Granted::restore(scope(granted)).still(&scope(allowed));
        assert_eq!(still("a b", "c b a").unwrap().scope(), &scope("a b"));
        assert_eq!(still("a b", "b").unwrap().scope(), &scope("b"));
        assert_eq!(still("", "b").unwrap().scope(), &scope(""), "nothing was granted, and nothing was taken");
        for allowed in ["", "c", "A"] {
            assert_eq!(still("a b", allowed).unwrap_err().kh, kh::SCOPE_NOT_ALLOWED, "{allowed}");
        }
    }
}
