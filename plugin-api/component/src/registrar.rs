//! Who registers clients for plugins that may: the server, with the checks that operators get.

use keyhook_core::secret::Secret;
use serde::Deserialize;

use crate::BoxFuture;

/// A client of OAuth 1.0a that a plugin's URL handler asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewClient {
    /// What people see.
    pub name: String,
    /// Where users may be sent back to.
    pub callbacks: Vec<String>,
    /// The scope it may have, and has without asking.
    pub scope: String,
    /// The signature methods that it may use; all that the server offers if empty.
    pub signature_methods: Vec<String>,
}

/// A client that was registered.
#[derive(Clone, Debug)]
pub struct NewCredentials {
    /// Its `client_id`, which is its `oauth_consumer_key`.
    pub key: String,
    /// Its shared secret, which is shown once.
    pub secret: Secret<String>,
}

/// Why a client was not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRegistered {
    /// It is not consistent; the text says what is wrong with it.
    Malformed(String),
    /// The store or a key failed.
    Failed(String),
}

/// Registers clients.
pub trait Registrar: Send + Sync {
    /// Registers a client for `plugin`, under a key that nobody has.
    fn register(&self, plugin: &str, client: NewClient) -> BoxFuture<'_, Result<NewCredentials, NotRegistered>>;
}
