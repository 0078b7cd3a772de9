//! What an operator says of a client, as it travels over the admin socket.

use serde::{Deserialize, Serialize};

use super::oauth1::SigningChange;

/// A client to be registered; what is left out has the usual value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line, not states")]
pub(crate) struct ClientDraft {
    /// `client_id`.
    pub(crate) id: String,
    /// What people see; the id if empty.
    pub(crate) name: String,
    /// Whether it keeps a secret.
    pub(crate) confidential: bool,
    /// Whether it runs on the user's device.
    pub(crate) native: bool,
    /// The operator's own: no consent.
    pub(crate) first_party: bool,
    /// Whether it may introspect tokens of others.
    pub(crate) introspect: bool,
    /// How a confidential one authenticates; `client_secret_basic` if absent.
    pub(crate) auth_method: Option<String>,
    /// Whether a confidential client may go without PKCE.
    pub(crate) without_pkce: bool,
    /// Redirect URIs.
    pub(crate) redirect_uris: Vec<String>,
    /// Grants; `authorization_code refresh_token` if empty.
    pub(crate) grant_types: Vec<String>,
    /// The scope it may have.
    pub(crate) scope: String,
    /// The scope it gets without asking; all it may have if absent.
    pub(crate) default_scope: Option<String>,
    /// Lifetime of its access tokens in seconds.
    pub(crate) access_ttl: Option<u64>,
    /// Lifetime of its refresh tokens in seconds.
    pub(crate) refresh_ttl: Option<u64>,
    /// What differs about its tokens, `KEY=VALUE`.
    pub(crate) policy: Vec<String>,
    /// What resource servers are told of it, `NAME=VALUE`.
    pub(crate) attributes: Vec<String>,
    /// What it signs requests of OAuth 1.0a with.
    pub(crate) signing: SigningChange,
    /// Whether signing is the only way in which it proves who it is.
    pub(crate) only_signs: bool,
}

/// A change of a client; only what is given changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClientChange {
    /// `client_id`.
    pub(crate) id: String,
    /// What people see.
    pub(crate) name: Option<String>,
    /// Redirect URIs to add.
    pub(crate) add_redirect_uris: Vec<String>,
    /// Redirect URIs to remove.
    pub(crate) remove_redirect_uris: Vec<String>,
    /// Grants to add.
    pub(crate) add_grant_types: Vec<String>,
    /// Grants to remove.
    pub(crate) remove_grant_types: Vec<String>,
    /// The scope it may have.
    pub(crate) scope: Option<String>,
    /// The scope it gets without asking.
    pub(crate) default_scope: Option<String>,
    /// `client_secret_basic` or `client_secret_post`.
    pub(crate) auth_method: Option<String>,
    /// Whether authorization requests need PKCE.
    pub(crate) require_pkce: Option<bool>,
    /// The operator's own.
    pub(crate) first_party: Option<bool>,
    /// Whether it may introspect tokens of others.
    pub(crate) introspect: Option<bool>,
    /// Whether it may do nothing for now.
    pub(crate) disabled: Option<bool>,
    /// Lifetime of its access tokens in seconds.
    pub(crate) access_ttl: Option<u64>,
    /// Lifetime of its refresh tokens in seconds.
    pub(crate) refresh_ttl: Option<u64>,
    /// What differs about its tokens, `KEY=VALUE`.
    pub(crate) policy: Vec<String>,
    /// What resource servers are told of it, `NAME=VALUE`.
    pub(crate) attributes: Vec<String>,
    /// What it signs requests of OAuth 1.0a with.
    pub(crate) signing: SigningChange,
    /// Makes a new secret; the previous one stays valid beside it until the next rotation.
    pub(crate) rotate_secret: bool,
    /// Ends every grant and token that it has.
    pub(crate) revoke: bool,
}
