//! What an operator reads when MongoDB says no: code, what happened, where, and the way out.

use keyhook_component::store::StoreError;
use mongodb::error::{Error, ErrorKind};

/// What a failure means at `place`. The driver's texts name addresses, collections and keys, never a password.
pub(super) fn of(place: &str, error: &Error) -> StoreError {
    let refused = matches!(*error.kind, ErrorKind::Authentication { .. }) || [13, 18].contains(&code(error).unwrap_or_default());
    if refused {
        return StoreError::Unavailable(format!(
            "[KH0446] MongoDB at {place} does not let keyhook in ({error}); name a user with `readWrite` on keyhook's database"
        ));
    }
    unavailable(place, error)
}

/// The server is away or too slow.
pub(super) fn unavailable(place: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("[KH0445] MongoDB at {place} does not serve ({why}); keyhook goes on by itself when it does"))
}

/// The number that the server gave with its refusal.
pub(super) fn code(error: &Error) -> Option<i32> {
    use mongodb::error::WriteFailure;
    match &*error.kind {
        ErrorKind::Command(refused) => Some(refused.code),
        ErrorKind::Write(WriteFailure::WriteError(refused)) => Some(refused.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(refused)) => Some(refused.code),
        _ => None,
    }
}

/// No records of ours, and none may be made.
pub(super) fn missing(place: &str) -> StoreError {
    StoreError::Unusable(format!(
        "[KH0401] the database at {place} holds nothing of keyhook's; set [store] to the right one, or start the server once, which makes it (`keyhook serve`)"
    ))
}

/// Records of a later keyhook.
pub(super) fn newer(place: &str, found: i64) -> StoreError {
    StoreError::Unusable(format!(
        "[KH0403] the database at {place} has layout {found}, which this keyhook does not know: start the newer keyhook again; nothing was changed"
    ))
}

/// A document that keyhook did not write.
pub(super) fn foreign(collection: &str) -> StoreError {
    StoreError::Unusable(format!(
        "[KH0434] the collection {collection} holds a document that was not written by this keyhook; give keyhook a database of its own"
    ))
}
