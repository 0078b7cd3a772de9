//! What introspection says about a token (RFC 7662 §2.2).

use serde::Serialize;
use serde_json::{Map, Value};

use crate::time::Timestamp;

/// The JSON body for a token that is not live, not known, or none of the asker's business: all three look the same, and nothing
/// else is said (RFC 7662 §2.2).
pub const INACTIVE: &[u8] = br#"{"active":false}"#;

/// What is told about a live token; what is absent is left out.
#[derive(Clone, Debug, Serialize)]
pub struct ActiveToken<'a> {
    /// The granted scope, as it goes over the wire.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub scope: &'a str,
    /// The client it was issued to.
    pub client_id: &'a str,
    /// A name of the user for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    /// `Bearer`; absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends.
    #[serde(serialize_with = "seconds")]
    pub exp: Timestamp,
    /// When it was issued.
    #[serde(serialize_with = "seconds")]
    pub iat: Timestamp,
    /// The user; absent where the client acts for itself, whose id must never be taken for a user's (RFC 9700 §4.15).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<&'a str>,
    /// The resource it is for, where the token says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a str>,
    /// Our issuer.
    pub iss: &'a str,
    /// The token's own name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<&'a str>,
    /// What the operator keeps about the client, for resource servers to decide by.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub client_attributes: &'a Map<String, Value>,
    /// What plugins attached to the token, as far as the operator tells it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub token_attributes: &'a Map<String, Value>,
}

impl ActiveToken<'_> {
    /// The JSON body.
    pub fn json(&self) -> Vec<u8> {
        const ACTIVE: &[u8] = b"{\"active\":true";
        let mut body = Vec::with_capacity(384);
        body.extend_from_slice(ACTIVE);
        match serde_json::to_writer(&mut body, self) {
            Ok(()) => {
                // The brace that opens the other members; two of them are always there.
                body[ACTIVE.len()] = b',';
                body
            }
            // Strings and numbers always serialize; should that ever change, saying nothing is the safe answer.
            Err(_) => INACTIVE.to_vec(),
        }
    }
}

/// Moments go over the wire as whole seconds since the epoch.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn seconds<S: serde::Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(moment.seconds())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use serde_json::json;

    use super::*;

    fn told(token: &ActiveToken<'_>) -> Value {
        serde_json::from_slice(&token.json()).unwrap()
    }

    /// RFC 7662 §2.2: for a token that is not active, no other information SHOULD be included.
    #[test]
    fn an_inactive_token_gets_one_member() {
        assert_eq!(serde_json::from_slice::<Value>(INACTIVE).unwrap(), json!({ "active": false }));
    }

    /// RFC 7662 §2.2: `exp` and `iat` are whole seconds.
    #[test]
    fn an_active_token_is_described_and_what_it_has_not_is_left_out() {
        let (none, mut some) = (Map::new(), Map::new());
        some.insert("tier".into(), "gold".into());
        let mut token = ActiveToken {
            scope: "",
            client_id: "app",
            username: None,
            token_type: None,
            exp: Timestamp::from_seconds(60),
            iat: Timestamp::from_millis(1999),
            sub: None,
            aud: None,
            iss: "https://id.example",
            jti: None,
            client_attributes: &none,
            token_attributes: &none,
        };
        let bare = json!({ "active": true, "client_id": "app", "iat": 1, "exp": 60, "iss": "https://id.example" });
        assert_eq!(told(&token), bare);
        (token.scope, token.username, token.sub, token.token_type) = ("read write", Some("ann"), Some("ann"), Some("Bearer"));
        (token.client_attributes, token.token_attributes) = (&some, &some);
        let whole = told(&token);
        assert_eq!((&whole["client_attributes"], &whole["token_attributes"]), (&json!({ "tier": "gold" }), &json!({ "tier": "gold" })));
        assert_eq!(
            (&whole["scope"], &whole["username"], &whole["sub"], &whole["token_type"]),
            (&json!("read write"), &json!("ann"), &json!("ann"), &json!("Bearer"))
        );
    }
}
