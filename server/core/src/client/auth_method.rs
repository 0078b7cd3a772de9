//! How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).

use serde::{Deserialize, Serialize};

/// How a client authenticates at the token endpoint (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AuthMethod {
    /// Not at all: public clients.
    #[serde(rename = "none")]
    None,
    /// With the `Authorization: Basic` header.
    #[serde(rename = "client_secret_basic")]
    SecretBasic,
    /// With `client_id` and `client_secret` in the body.
    #[serde(rename = "client_secret_post")]
    SecretPost,
    /// With a `client_assertion` (RFC 7521 §4.2) that a plugin verifies.
    #[serde(rename = "assertion")]
    Assertion,
    /// By signing the request (RFC 5849 §3): clients of OAuth 1.0a that have no secret of OAuth 2.0.
    #[serde(rename = "oauth1_signature")]
    Signature,
}

impl AuthMethod {
    /// The registered name of the method.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::Assertion => "assertion",
            Self::Signature => "oauth1_signature",
        }
    }
}
