//! What python-oauth2 keeps about clients and tokens, in whichever store.

use keyhook_core::secret::Secret;
use serde_json::{Map, Value};

pub(super) use super::report::Read;
#[cfg(any(feature = "mongodb", feature = "mysql", feature = "redis", test))]
pub(super) use super::report::Unreadable;

/// A client. Empty lists mean that nothing is forbidden.
pub(super) struct OldClient {
    pub(super) identifier: String,
    pub(super) secret: Secret<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) authorized_grants: Vec<String>,
    pub(super) authorized_response_types: Vec<String>,
}

/// An access token, with the refresh token that came with it. Times are seconds since 1970, none and zero are never.
pub(super) struct OldToken {
    pub(super) client_id: String,
    pub(super) grant_type: String,
    pub(super) token: Secret<String>,
    pub(super) data: Map<String, Value>,
    pub(super) expires_at: Option<i64>,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) refresh_expires_at: Option<i64>,
    pub(super) scopes: Vec<String>,
    pub(super) user_id: Option<String>,
}

/// A text, or a number that stands for one.
pub(super) fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        // An ObjectId of MongoDB's.
        Value::Object(members) => members.get("$oid").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}
