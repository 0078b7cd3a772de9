//! Why a store could not answer, in a form that many callers of one commit are told.

use keyhook_component::store::StoreError;

/// A failure: what an operator reads, its code first.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Trying again later makes sense.
    Unavailable(String),
    /// Somebody has to mend something.
    Unusable(String),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Unavailable(text) => StoreError::Unavailable(text),
            Failure::Unusable(text) => StoreError::Unusable(text),
        }
    }
}

/// The server has no room left.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn disk_full(shown: &str, said: &str) -> Failure {
    Failure::Unavailable(format!(
        "KH0482 {shown} has no room left on its disk ({said}); nothing of this was written: make room, keyhook goes on by itself"
    ))
}

impl Failure {
    /// The queue is full.
    pub(crate) fn overloaded() -> Failure {
        Failure::Unavailable(
            "KH0406 more writes wait than the database can take; this one was not begun, trying again later is safe".to_owned(),
        )
    }

    /// The writer is gone.
    pub(crate) fn ended() -> Failure {
        Failure::Unavailable("KH0410 the store has been closed".to_owned())
    }
}
