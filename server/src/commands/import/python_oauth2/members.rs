//! Clients and tokens out of JSON: documents and texts have the names of python-oauth2's data types.

use keyhook_core::secret::Secret;
use serde_json::{Map, Value};

use super::old::{OldClient, OldToken, Read, Unreadable, name};
use super::report::Sort;

impl OldClient {
    /// Reads the members of a `Client`.
    ///
    /// # Errors
    /// [`Unreadable`] without identifier or secret.
    pub(super) fn of(members: &Map<String, Value>) -> Read<OldClient> {
        let unreadable = |name: Option<String>| Unreadable { sort: Sort::Client, name, why: "it has no identifier or no secret" };
        let identifier = text(members, "identifier").ok_or_else(|| unreadable(None))?;
        let secret = text(members, "secret").filter(|secret| !secret.is_empty()).ok_or_else(|| unreadable(Some(identifier.clone())))?;
        Ok(OldClient {
            identifier,
            secret: Secret::new(secret),
            redirect_uris: list(members, "redirect_uris"),
            authorized_grants: list(members, "authorized_grants"),
            authorized_response_types: list(members, "authorized_response_types"),
        })
    }
}

impl OldToken {
    /// Reads the members of an `AccessToken`.
    ///
    /// # Errors
    /// [`Unreadable`] without token or client.
    pub(super) fn of(members: &Map<String, Value>) -> Read<OldToken> {
        let (Some(token), Some(client_id)) = (text(members, "token"), text(members, "client_id")) else {
            return Err(Unreadable { sort: Sort::Access, name: None, why: "it does not say its text or its client" });
        };
        Ok(OldToken {
            client_id,
            grant_type: text(members, "grant_type").unwrap_or_default(),
            token: Secret::new(token),
            data: members.get("data").and_then(Value::as_object).cloned().unwrap_or_default(),
            expires_at: seconds(members, "expires_at"),
            refresh_token: text(members, "refresh_token").filter(|text| !text.is_empty()).map(Secret::new),
            refresh_expires_at: seconds(members, "refresh_expires_at"),
            scopes: list(members, "scopes"),
            user_id: members.get("user_id").and_then(name),
        })
    }
}

fn text(members: &Map<String, Value>, member: &str) -> Option<String> {
    members.get(member).and_then(Value::as_str).map(str::to_owned)
}

fn list(members: &Map<String, Value>, member: &str) -> Vec<String> {
    let items = members.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whole seconds; `None` for never, which it writes as nothing or as zero.
#[allow(clippy::cast_possible_truncation, reason = "a moment that is no number of seconds in 64 bits is no moment")]
fn seconds(members: &Map<String, Value>, member: &str) -> Option<i64> {
    let value = members.get(member)?;
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64)).filter(|seconds| *seconds != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use serde_json::json;

    use super::*;

    fn members(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    /// As its redis store writes them.
    #[test]
    fn a_token_is_read_by_the_names_of_its_data_type() {
        let token = OldToken::of(&members(&json!({
            "client_id": "abc", "grant_type": "password", "token": "TOK", "data": { "k": 1 }, "expires_at": 123,
            "refresh_token": "REF", "refresh_expires_at": 456.9, "scopes": ["r"], "user_id": 7,
        })));
        let token = token.ok().unwrap();
        assert_eq!((token.client_id.as_str(), token.grant_type.as_str(), token.token.expose().as_str()), ("abc", "password", "TOK"));
        assert_eq!((token.expires_at, token.refresh_expires_at, token.user_id.as_deref()), (Some(123), Some(456), Some("7")));
        assert_eq!((token.refresh_token.unwrap().expose().as_str(), token.scopes, &token.data["k"]), ("REF", vec!["r".into()], &json!(1)));
    }

    #[test]
    fn never_is_written_as_nothing_or_as_zero_and_a_user_may_be_a_text_or_an_object_id() {
        let read = |more: Value| {
            let mut all = members(&json!({ "client_id": "abc", "token": "TOK" }));
            all.extend(members(&more));
            OldToken::of(&all).ok().unwrap()
        };
        let bare = read(json!({ "expires_at": null, "refresh_token": null, "refresh_expires_at": 0, "data": null, "user_id": null }));
        assert!(bare.expires_at.is_none() && bare.refresh_expires_at.is_none() && bare.refresh_token.is_none());
        assert!(bare.user_id.is_none() && bare.scopes.is_empty() && bare.data.is_empty());
        assert_eq!(read(json!({ "user_id": "ann" })).user_id.as_deref(), Some("ann"));
        assert_eq!(read(json!({ "user_id": { "$oid": "0a" } })).user_id.as_deref(), Some("0a"));
    }

    #[test]
    fn a_client_without_a_secret_is_named_and_not_read() {
        let client =
            OldClient::of(&members(&json!({ "identifier": "abc", "secret": "xyz", "redirect_uris": ["u"], "authorized_grants": null })));
        let client = client.ok().unwrap();
        assert_eq!((client.redirect_uris, client.authorized_grants), (vec!["u".to_owned()], Vec::new()));
        let refused = OldClient::of(&members(&json!({ "identifier": "abc", "secret": "" }))).err().unwrap();
        assert_eq!((refused.name.as_deref(), refused.sort), (Some("abc"), Sort::Client));
        assert!(OldToken::of(&members(&json!({ "code": "C", "client_id": "abc" }))).is_err());
    }
}
