//! How a guard finds out whose token it is: by asking, by a signature, or in a way of one's own.

use keyhook_core::{Secret, Timestamp};

use crate::fetch::BoxFuture;
use crate::principal::Principal;
use crate::refused::Refused;

/// Finds out whom a token belongs to.
pub trait Verifier: Send + Sync {
    /// The principal of a token that is good at the moment `now`.
    ///
    /// # Errors
    /// [`Refused::InvalidToken`] for a token that is not good, [`Refused::Unavailable`] where that cannot be known. In doubt it is
    /// an error: whatever is `Ok` is let in.
    fn verify<'a>(&'a self, token: &'a Secret<String>, now: Timestamp) -> BoxFuture<'a, Result<Principal, Refused>>;
}
