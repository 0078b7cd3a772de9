//! The bodies of OAuth 1.0a (RFC 5849): credentials whose secrets have to be read back, so that they are sealed and not hashed.

use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use serde::{Deserialize, Serialize};

use super::typed::Body;
use crate::record::Kind;

/// Temporary credentials (RFC 5849 §2.1). Their record holds client and expiry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemporaryCredential {
    /// Hash of what makes the identifier unguessable.
    pub hash: SecretHash,
    /// The shared secret, sealed: what signs has to be read back.
    pub secret: Vec<u8>,
    /// Where the user goes with the verifier; `oob` where a person types it.
    pub callback: String,
    /// What a user allowed, once one did (RFC 5849 §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized: Option<Authorized>,
    /// Whether the user, or a plugin on the user's behalf, said no. That is final.
    #[serde(default)]
    pub denied: bool,
    /// How many wrong verifiers were tried.
    #[serde(default)]
    pub tried: u8,
}

/// A user's permission that waits to be exchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorized {
    /// The grant that the user gave.
    pub grant: RecordId,
    /// Hash of the verifier.
    pub verifier: SecretHash,
}

impl Body for TemporaryCredential {
    const KIND: Kind = Kind::TemporaryCredential;
    const CACHED: bool = false;
}

/// Token credentials (RFC 5849 §2.3). Their record holds grant, client, subject and expiry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenCredential {
    /// Hash of what makes the identifier unguessable.
    pub hash: SecretHash,
    /// The shared secret, sealed: what signs has to be read back.
    pub secret: Vec<u8>,
    /// What it may do.
    pub scope: Scope,
}

impl Body for TokenCredential {
    const KIND: Kind = Kind::TokenCredential;
    const CACHED: bool = true;
}
