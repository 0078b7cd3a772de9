//! What an operator reads when memcached says no.

use keyhook_component::store::StoreError;
use memcache::exp::Error;

/// What a failure means at `place`. The driver's texts name keys, which are no secret.
pub(super) fn of(place: &str, error: &Error) -> StoreError {
    if matches!(error, Error::Server(text) if text.contains("too large")) {
        return StoreError::Unusable(format!(
            "[KH0441] a record is larger than memcached at {place} keeps (`-I`, a mebibyte by default); nothing of it was written"
        ));
    }
    StoreError::Unavailable(format!("[KH0440] memcached at {place} does not serve ({error}); keyhook goes on by itself when it does"))
}
