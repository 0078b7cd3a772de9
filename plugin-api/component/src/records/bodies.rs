//! The bodies, one per kind. Unknown members are kept out by serde's defaults: an older keyhook may read what a newer one added.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use keyhook_core::authorize::StoredRequest;
use keyhook_core::client::Client;
use keyhook_core::crypto::Algorithm;
use keyhook_core::id::RecordId;
use keyhook_core::pkce::CodeChallenge;
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use keyhook_core::signing_ring::KeyState;
use keyhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::typed::Body;
use crate::hooks::{PluginData, SessionValues};
use crate::record::{Key, Kind};

macro_rules! body {
    ($type:ty, $kind:ident, cached) => {
        impl Body for $type {
            const KIND: Kind = Kind::$kind;
            const CACHED: bool = true;
        }
    };
    ($type:ty, $kind:ident) => {
        impl Body for $type {
            const KIND: Kind = Kind::$kind;
            const CACHED: bool = false;
        }
    };
}

/// A registered client, shared so that a look-up copies nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientBody(pub Arc<Client>);
body!(ClientBody, Client, cached);

/// A person who can sign in with the built-in login.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// argon2id in PHC format; absent when the user cannot sign in by password.
    pub password: Option<String>,
    /// What pages call the user.
    pub name: Option<String>,
    /// Refused at sign-in.
    #[serde(default)]
    pub disabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
}
body!(User, User);

/// What a user allowed a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// Every scope that was allowed.
    pub scope: Scope,
    /// When it was last widened.
    pub given_at: Timestamp,
}
body!(Consent, Consent);

/// Everything of the subject that was born before this is dead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotBefore {
    /// The instant.
    pub instant: Timestamp,
}
body!(NotBefore, NotBefore, cached);

/// A plugin's own value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PluginValue {
    /// The bytes, as the plugin gave them.
    pub value: Vec<u8>,
}
body!(PluginValue, PluginData);

/// Something that was used and may not be used again: that the record is there says it all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Once {}
body!(Once, Once);

/// A nonce that was used: that the record is there says it all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Nonce {}
body!(Nonce, Nonce);

/// A fact about the deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Whether `keyhook dev` made this store; `serve` refuses it.
    pub dev: bool,
    /// Version of keyhook that made it.
    pub made_by: String,
}
body!(Deployment, Deployment);

/// The root of a family of tokens. Its record holds client, subject and expiry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Everything that was granted.
    pub scope: Scope,
    /// When the user signed in.
    pub auth_time: Timestamp,
    /// Authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Plugins' data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: PluginData,
}
body!(Grant, Grant, cached);

/// An authorization code. Its record holds grant, client, subject and expiry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// Hash of its secret.
    pub hash: SecretHash,
    /// The redirect URI, if the authorization request sent one (RFC 6749 §4.1.3).
    pub redirect_uri: Option<String>,
    /// The S256 challenge (RFC 7636 §4.3).
    pub challenge: Option<CodeChallenge>,
    /// What was granted.
    pub scope: Scope,
}
body!(Code, Code);

/// An opaque access token. Its record holds grant, client, subject and expiry; it was issued when its id was born.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    /// Hash of its secret.
    #[serde(rename = "h")]
    pub hash: SecretHash,
    /// What it may do.
    #[serde(rename = "s")]
    pub scope: Scope,
    /// What resource servers are told besides.
    #[serde(rename = "a", default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}
body!(AccessToken, AccessToken, cached);

/// A refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    /// Hash of its secret.
    pub hash: SecretHash,
    /// What it may be refreshed to.
    pub scope: Scope,
    /// When it was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_at: Option<Timestamp>,
    /// Its successor, sealed, for the grace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Vec<u8>>,
}
body!(RefreshToken, RefreshToken);

/// The keys that sign JWTs: one record, so that all nodes agree on which is current.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SigningRing {
    /// The keys, oldest first.
    pub keys: Vec<SigningKey>,
    /// What was made of them, once; it lives as long as the record is remembered.
    #[serde(skip)]
    pub opened: OnceLock<Arc<dyn Any + Send + Sync>>,
}
body!(SigningRing, SigningKey, cached);

impl SigningRing {
    /// Where the one record lies.
    pub fn key() -> Key {
        Key::named("ring")
    }
}

impl Clone for SigningRing {
    /// The keys alone: what was made of them belongs to the record that was read.
    fn clone(&self) -> SigningRing {
        SigningRing { keys: self.keys.clone(), opened: OnceLock::new() }
    }
}

/// A key that signs JWTs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SigningKey {
    /// Its thumbprint (RFC 7638).
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What it is used for.
    pub state: KeyState,
    /// Since when.
    pub since: Timestamp,
    /// The private key in PKCS #8, sealed.
    pub sealed: Vec<u8>,
}

/// Failed attempts at something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempts {
    /// How many within the window.
    pub failed: u32,
    /// When the window began.
    pub since: Timestamp,
}
body!(Attempts, Attempts);

/// An authorization request whose user has begun to answer. Its record holds the client; its name in the browser, which is sealed,
/// says which browser that is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interaction {
    /// The validated request.
    pub request: StoredRequest,
    /// The plugins that answered, as [`crate::hooks::Hooks::generation`]; when they changed the page is shown anew.
    pub generation: u64,
    /// Plugins' data so far.
    #[serde(default)]
    pub data: PluginData,
    /// The session that was opened while this request waited: what `prompt=login` and `max_age=0` ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<RecordId>,
    /// The session for which plugins let the request go on to consent; another one has to pass them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<RecordId>,
    /// The user whom `data` is about, once one is known; it is not handed on to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_of: Option<String>,
}
body!(Interaction, Interaction);

/// A browser session. Its record holds the subject once somebody signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Hash of the cookie's secret.
    pub hash: SecretHash,
    /// When the user signed in; zero before.
    pub auth_time: Timestamp,
    /// Authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Plugins' values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: SessionValues,
}
body!(Session, Session);
