//! What an operator reads when Redis says no: code, what happened, where, and the way out. Redis' texts hold no password and no value.

use keyhook_component::store::StoreError;
use redis::{ErrorKind, RedisError};

/// What a failure means at `place`.
pub(super) fn of(place: &str, error: &RedisError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let refused = matches!(error.kind(), ErrorKind::AuthenticationFailed) || ["NOAUTH", "WRONGPASS", "NOPERM"].contains(&code);
    if refused {
        return StoreError::Unavailable(format!(
            "[KH0432] Redis at {place} does not let keyhook in ({error}); name a user who may read, write and run scripts, as redis://user:password@host"
        ));
    }
    match code {
        "OOM" => StoreError::Unavailable(format!(
            "[KH0433] Redis at {place} has no memory left ({error}); nothing of this was written: give it more, or shorten the lifetimes"
        )),
        "WRONGTYPE" => StoreError::Unusable(format!(
            "[KH0434] Redis at {place} holds another program's values under keyhook's keys; give keyhook a database or a `?prefix=` of its own"
        )),
        _ => StoreError::Unavailable(format!("[KH0431] Redis at {place} does not serve ({error}); keyhook goes on by itself when it does")),
    }
}

/// No records of ours, and none may be made.
pub(super) fn missing(place: &str) -> StoreError {
    StoreError::Unusable(format!(
        "[KH0401] Redis at {place} holds nothing of keyhook's; set [store] to the right server, or start the server once, which makes it (`keyhook serve`)"
    ))
}

/// Records of a later keyhook.
pub(super) fn newer(place: &str, found: &str) -> StoreError {
    StoreError::Unusable(format!(
        "[KH0403] the records in Redis at {place} have layout {found}, which this keyhook does not know: start the newer keyhook again; nothing was changed"
    ))
}

/// A batch that a cluster could not write at once: a mistake in keyhook or in a linked component, seen by its tests.
pub(super) fn scattered() -> StoreError {
    StoreError::Unusable("the records of this batch lie in several places, and Redis writes those of one; nothing was written".to_owned())
}
