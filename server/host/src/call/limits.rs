//! How much a plugin may write.

use serde_json::{Map, Value};

/// The members of a token response, all together.
pub(crate) const RESPONSE_BYTES: usize = 16 << 10;
/// A plugin's data, and its values in a session.
pub(crate) const DATA_BYTES: usize = 4 << 10;
/// The payload of a custom hook.
pub(crate) const PAYLOAD_BYTES: usize = 64 << 10;
/// The body of a response.
pub(crate) const BODY_BYTES: usize = 1 << 20;
/// The headers of a response: how many, and how large all together.
pub(crate) const HEADERS: usize = 64;
/// See [`HEADERS`].
pub(crate) const HEADER_BYTES: usize = 16 << 10;
/// A value in the store.
pub(crate) const VALUE_BYTES: usize = 64 << 10;
/// A key, in the store and in sessions.
pub(crate) const KEY_BYTES: usize = 255;
/// A client to be registered.
pub(crate) const CLIENT_BYTES: usize = 16 << 10;
/// A text in `SIGN_IN` and `APPROVE`.
pub(crate) const WISH_BYTES: usize = 4 << 10;

/// About the length of a value as JSON text; never less than its own bytes.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 20,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => weight_of_members(members),
    }
}

/// About the length of an object as JSON text.
pub(crate) fn weight_of_members(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, value)| weight_of_member(name, value)).sum::<usize>() + 2
}

/// About the length of a member as JSON text.
pub(crate) fn weight_of_member(name: &str, value: &Value) -> usize {
    name.len() + weight(value) + 4
}
