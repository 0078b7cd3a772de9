//! What a client hears when a store cannot answer: never a yes.

use keyhook_component::store::StoreError;
use keyhook_core::error::OAuthError;

/// Seconds after which a client may try again.
const RETRY_AFTER_S: u32 = 1;

/// `temporarily_unavailable` when trying again makes sense, else `server_error`.
pub(crate) fn store(error: StoreError) -> OAuthError {
    match error {
        StoreError::Unavailable(_) => OAuthError::temporarily_unavailable(RETRY_AFTER_S).with_cause(error.to_string()),
        StoreError::Unusable(_) => OAuthError::server_error(error.to_string()),
    }
}
