//! What the two systems keep about consumers and tokens.

use keyhook_core::secret::Secret;

pub(super) use super::report::Read;
#[cfg(any(feature = "mongodb", feature = "mysql"))]
pub(super) use super::report::Unreadable;

/// A consumer.
pub(super) struct OldConsumer {
    pub(super) key: String,
    pub(super) secret: Secret<String>,
    pub(super) name: Option<String>,
    pub(super) callback: Option<String>,
}

/// An access token that is bound to its consumer and its user.
pub(super) struct OldToken {
    pub(super) key: Secret<String>,
    pub(super) secret: Secret<String>,
    pub(super) consumer: String,
    pub(super) user: String,
    /// When it ends, in seconds since 1970; never, if nothing is said.
    pub(super) valid_till: Option<i64>,
}
