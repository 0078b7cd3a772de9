//! The bodies that are found by the hash of a text: its records say nothing of themselves, and a cluster keeps them anywhere.

use keyhook_core::crypto::sha256;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use keyhook_core::token::IssuedToken;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::typed::Body;
use crate::record::{Key, Kind};

/// An access token that is found by the hash of its text. Its record holds grant, client, subject and expiry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HashedToken {
    /// What it may do.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What resource servers are told besides.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

impl Body for HashedToken {
    const KIND: Kind = Kind::HashedToken;
    const CACHED: bool = true;
}

impl HashedToken {
    /// Where the record of a token with this text lies.
    pub fn key(text: &str) -> Key {
        Key::named(sha256(text.as_bytes()))
    }
}

/// Where the record of a refresh token lies whose text another system made. It never changes: what is spent is the record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ForeignRefresh {
    /// The id of the [`RefreshToken`], which keeps the hash of the whole text.
    pub token: RecordId,
}

impl Body for ForeignRefresh {
    const KIND: Kind = Kind::HashedToken;
    const CACHED: bool = false;
}

impl ForeignRefresh {
    /// Where the refresh token with this text is named, apart from where an access token with the same text would be.
    pub fn key(text: &str) -> Key {
        Key::named(sha256(format!("refresh token {text}").as_bytes()))
    }

    /// Whether a text may be one, by its looks: long enough that nobody guesses it, and none that keyhook made itself.
    pub fn may_be(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (22..=255).contains(&text.len()) && text.bytes().all(plain) && IssuedToken::sniff(text).is_none()
    }
}

/// Where the record of token credentials lies (RFC 5849 §2.3) whose identifier another system made. It never changes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ForeignCredential {
    /// The id of the [`TokenCredential`](super::TokenCredential), which keeps the hash of the whole text.
    pub token: RecordId,
}

impl Body for ForeignCredential {
    const KIND: Kind = Kind::HashedToken;
    // Texts that somebody made up are asked for before a signature is compared: they must not fill the cache.
    const CACHED: bool = false;
}

impl ForeignCredential {
    /// Where the token credentials with this text are named, apart from where any other token with the same text would be.
    pub fn key(text: &str) -> Key {
        Key::named(sha256(format!("token credentials {text}").as_bytes()))
    }

    /// Whether a text may be one, by its looks, as [`ForeignRefresh::may_be`] says.
    pub fn may_be(text: &str) -> bool {
        ForeignRefresh::may_be(text)
    }
}

/// A live access token of a client that gets it again instead of a new one, named by the hash of what has to be equal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReusableToken {
    /// The text, sealed.
    pub sealed: Vec<u8>,
}

impl Body for ReusableToken {
    const KIND: Kind = Kind::HashedToken;
    const CACHED: bool = false;
}
