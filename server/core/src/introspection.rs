//! What introspection says about a token (RFC 7662 §2.2).

use serde::Serialize;
use serde_json::{Map, Value};

use crate::scope::Scope;
use crate::time::Timestamp;

/// The answer of the introspection endpoint.
#[derive(Clone, Debug)]
pub enum Introspection {
    /// Not live, not known, or none of the asker's business: all three look the same.
    Inactive,
    /// A live token.
    Active(Box<ActiveToken>),
}

/// What is told about a live token; what is absent is left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ActiveToken {
    /// The granted scope.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The client it was issued to.
    pub client_id: String,
    /// A name of the user for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`; absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// The user, or the client where no user is involved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The resource servers it is meant for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// Our issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The token's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// What plugins add. A name that stands above, or `active`, is not overwritten.
    #[serde(skip)]
    pub extra: Map<String, Value>,
}

impl ActiveToken {
    /// Sets `iat` and `exp`.
    #[must_use]
    pub fn living(mut self, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        self.iat = Some(issued_at.seconds());
        self.exp = Some(expires_at.seconds());
        self
    }
}

impl Introspection {
    /// The JSON body; an inactive token gets `{"active":false}` and nothing else (RFC 7662 §2.2).
    pub fn json(&self) -> Vec<u8> {
        let Self::Active(token) = self else {
            return br#"{"active":false}"#.to_vec();
        };
        let Ok(Value::Object(own)) = serde_json::to_value(token) else {
            // Strings and numbers always serialize; should that ever change, saying nothing is the safe answer.
            return Self::Inactive.json();
        };
        let mut members = token.extra.clone();
        members.extend(own);
        members.insert("active".to_owned(), Value::Bool(true));
        Value::Object(members).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 7662 §2.2: for a token that is not active, no other information SHOULD be included.
    #[test]
    fn an_inactive_token_gets_one_member() {
        assert_eq!(Introspection::Inactive.json(), br#"{"active":false}"#);
    }

    #[test]
    fn an_active_token_is_described_and_plugins_overwrite_nothing() {
        let mut token = ActiveToken { client_id: "app".to_owned(), ..ActiveToken::default() }
            .living(Timestamp::from_millis(1999), Timestamp::from_seconds(60));
        token.scope = Scope::parse("read write").unwrap();
        token.extra.insert("tenant".to_owned(), "t1".into());
        token.extra.insert("client_id".to_owned(), "evil".into());
        token.extra.insert("active".to_owned(), false.into());
        let json: Value = serde_json::from_slice(&Introspection::Active(Box::new(token)).json()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "active": true, "client_id": "app", "scope": "read write", "iat": 1, "exp": 60, "tenant": "t1"
            })
        );
    }
}
