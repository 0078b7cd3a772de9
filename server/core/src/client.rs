//! Clients: what is registered about them (RFC 6749 §2, RFC 7591 §2) and which registrations are consistent.

mod auth_method;
mod consumer;
mod policy;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::OAuthError;
use crate::redirect::RedirectUri;
use crate::scope::Scope;
use crate::secret::SecretHash;
use crate::text;
use crate::time::Timestamp;

pub use auth_method::AuthMethod;
pub use consumer::{Consumer, Keys, Opened};
pub use policy::{GrantPolicy, ScopePolicy, TokenPolicy};

const LONGEST_ID: usize = 255;
const LONGEST_NAME: usize = 200;
const MOST_SECRETS: usize = 2;
const MOST_REDIRECT_URIS: usize = 50;

/// Whether a client can keep a secret (RFC 6749 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// It cannot: an app, or a page in a browser.
    Public,
    /// It can: a program on a server.
    Confidential,
}

/// Where a client runs (OpenID Connect Registration §2, `application_type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Application {
    /// On a server or in a browser.
    #[default]
    Web,
    /// On the user's device (RFC 8252).
    Native,
}

/// A registered client. Check a new or changed one with [`Client::validate`] before it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "four independent switches that an operator sets by name")]
pub struct Client {
    /// `client_id`: 1 to 255 visible ASCII characters.
    pub id: String,
    /// What people see on the consent page.
    pub name: String,
    /// Public or confidential.
    pub kind: ClientKind,
    /// Web or native.
    #[serde(default)]
    pub application: Application,
    /// The only method with which it may authenticate.
    pub auth_method: AuthMethod,
    /// Hashes of its secrets: one, or two while one is being exchanged for the other.
    #[serde(default)]
    pub secrets: Vec<SecretHash>,
    /// Where users may be sent back to.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// The `grant_type` values it may use.
    #[serde(default = "default_grant_types")]
    pub grant_types: Vec<String>,
    /// The `response_type` values it may use.
    #[serde(default = "default_response_types")]
    pub response_types: Vec<String>,
    /// The scope it may have at most.
    #[serde(default)]
    pub scope: Scope,
    /// The scope it gets if it asks for none; part of `scope`.
    #[serde(default)]
    pub default_scope: Scope,
    /// Whether authorization requests need a `code_challenge` (RFC 7636). Always so for public clients.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Whether it is one of the operator's own, which need no consent.
    #[serde(default)]
    pub first_party: bool,
    /// Lifetime of its access tokens in seconds; the server's if absent.
    #[serde(default)]
    pub access_ttl: Option<u64>,
    /// Lifetime of its refresh tokens in seconds; the server's if absent.
    #[serde(default)]
    pub refresh_ttl: Option<u64>,
    /// The form of its tokens, lifetimes per grant, rotation.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub tokens: TokenPolicy,
    /// What it signs requests of OAuth 1.0a with; `None` for a client that knows OAuth 2.0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth1: Option<Consumer>,
    /// Whatever else the operator or a plugin keeps about it.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// Grants born at or before this moment are dead: revoking a client is moving this forward.
    #[serde(default = "beginning")]
    pub not_before: Timestamp,
    /// When it was registered.
    #[serde(default = "beginning")]
    pub created_at: Timestamp,
    /// Whether it may do nothing for now.
    #[serde(default)]
    pub disabled: bool,
    /// Whether it may introspect tokens of other clients (RFC 7662), as a resource server does.
    #[serde(default)]
    pub introspect: bool,
}

fn default_grant_types() -> Vec<String> {
    vec!["authorization_code".to_owned(), "refresh_token".to_owned()]
}

fn default_response_types() -> Vec<String> {
    vec!["code".to_owned()]
}

fn is_usual(policy: &TokenPolicy) -> bool {
    *policy == TokenPolicy::default()
}

const fn yes() -> bool {
    true
}

const fn beginning() -> Timestamp {
    Timestamp::ZERO
}

/// Why a registration is not consistent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientError {
    /// The field that has to change.
    pub field: &'static str,
    /// What is wrong with it, and the way out.
    pub why: &'static str,
}

impl Client {
    /// A public client with PKCE and without redirect URIs; change its fields, then [`Client::validate`].
    pub fn public(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            kind: ClientKind::Public,
            application: Application::Web,
            auth_method: AuthMethod::None,
            secrets: Vec::new(),
            redirect_uris: Vec::new(),
            grant_types: default_grant_types(),
            response_types: default_response_types(),
            scope: Scope::empty(),
            default_scope: Scope::empty(),
            require_pkce: true,
            first_party: false,
            access_ttl: None,
            refresh_ttl: None,
            tokens: TokenPolicy::default(),
            oauth1: None,
            attributes: Map::new(),
            not_before: Timestamp::ZERO,
            created_at: Timestamp::ZERO,
            disabled: false,
            introspect: false,
        }
    }

    /// A confidential client that authenticates with `client_secret_basic`.
    pub fn confidential(id: impl Into<String>, name: impl Into<String>, secret: SecretHash) -> Self {
        Self { kind: ClientKind::Confidential, auth_method: AuthMethod::SecretBasic, secrets: vec![secret], ..Self::public(id, name) }
    }

    /// Whether it may use this `grant_type`.
    ///
    /// # Errors
    /// `unauthorized_client` (RFC 6749 §5.2).
    pub fn allows_grant(&self, grant_type: &str) -> Result<(), OAuthError> {
        if self.grant_types.iter().any(|allowed| allowed == grant_type) {
            return Ok(());
        }
        Err(OAuthError::unauthorized_client("this client may not use this grant_type").with_cause(format!(
            "client `{}` is registered for: {}",
            self.id,
            self.grant_types.join(" ")
        )))
    }

    /// Whether it may use this `response_type`.
    ///
    /// # Errors
    /// `unauthorized_client` (RFC 6749 §4.1.2.1).
    pub fn allows_response(&self, response_type: &str) -> Result<(), OAuthError> {
        if self.response_types.iter().any(|allowed| allowed == response_type) {
            return Ok(());
        }
        Err(OAuthError::unauthorized_client("this client may not use this response_type").with_cause(format!(
            "client `{}` is registered for: {}",
            self.id,
            self.response_types.join(" ")
        )))
    }

    /// Whether its authorization requests need PKCE: always for public clients, whatever the field says (RFC 9700 §2.1.1).
    pub fn needs_pkce(&self) -> bool {
        self.require_pkce || self.kind == ClientKind::Public
    }

    /// Whether the registration is consistent.
    ///
    /// # Errors
    /// The first [`ClientError`] found.
    pub fn validate(&self) -> Result<(), ClientError> {
        self.validate_names()?;
        match self.kind {
            ClientKind::Public => self.validate_public()?,
            ClientKind::Confidential => self.validate_confidential()?,
        }
        self.validate_redirects()?;
        require(self.default_scope.is_subset_of(&self.scope), "default_scope", "it must be a part of scope")?;
        let spoken = |ttl: Option<u64>| ttl != Some(0);
        require(spoken(self.access_ttl), "access_ttl", "it must be longer than zero seconds")?;
        require(spoken(self.refresh_ttl), "refresh_ttl", "it must be longer than zero seconds")?;
        self.tokens.validate(self)
    }

    fn validate_names(&self) -> Result<(), ClientError> {
        let id_fits = (1..=LONGEST_ID).contains(&self.id.len()) && text::is_visible_ascii(&self.id) && !self.id.contains(' ');
        require(id_fits, "id", "it must be 1 to 255 visible ASCII characters without spaces")?;
        let name_fits = !self.name.trim().is_empty() && self.name.chars().count() <= LONGEST_NAME && !self.name.chars().any(text::misleads);
        require(name_fits, "name", "it must be 1 to 200 characters without control or direction characters")
    }

    fn validate_public(&self) -> Result<(), ClientError> {
        require(self.secrets.is_empty(), "secrets", "a public client has none; make it confidential")?;
        require(self.auth_method == AuthMethod::None, "auth_method", "a public client has the method none")?;
        require(self.require_pkce, "require_pkce", "it cannot be switched off for a public client (RFC 9700 §2.1.1)")?;
        require(self.oauth1.is_none(), "oauth1", "a public client cannot keep what it would sign with; make it confidential")?;
        require(!self.introspect, "introspect", "a public client cannot prove who it is, so it may not introspect")?;
        let own_account = self.grant_types.iter().any(|grant| grant == "client_credentials");
        require(!own_account, "grant_types", "client_credentials is for confidential clients (RFC 6749 §4.4)")
    }

    fn validate_confidential(&self) -> Result<(), ClientError> {
        require(self.auth_method != AuthMethod::None, "auth_method", "a confidential client must authenticate")?;
        if let Some(consumer) = &self.oauth1 {
            consumer.validate()?;
        }
        let signs = self.auth_method != AuthMethod::Signature || self.oauth1.is_some();
        require(signs, "auth_method", "who signs requests needs something to sign with; make it a client of OAuth 1.0a")?;
        // What it asserts with is the plugin's to know; a secret of ours would open a second way in.
        let least = usize::from(!matches!(self.auth_method, AuthMethod::Assertion | AuthMethod::Signature));
        let count = (least..=MOST_SECRETS).contains(&self.secrets.len());
        require(count, "secrets", "a confidential client has one secret, or two while one replaces the other")
    }

    fn validate_redirects(&self) -> Result<(), ClientError> {
        let redirects = self.grant_types.iter().any(|grant| grant == "authorization_code" || grant == "implicit");
        let count = self.redirect_uris.len();
        require(!redirects || count > 0, "redirect_uris", "the grants authorization_code and implicit need at least one")?;
        require(count <= MOST_REDIRECT_URIS, "redirect_uris", "there may be 50 at most")?;
        let app_scheme = self.redirect_uris.iter().any(RedirectUri::is_custom_scheme);
        require(
            !app_scheme || self.application == Application::Native,
            "redirect_uris",
            "private-use schemes are for native applications; set application to native (RFC 8252 §7.1)",
        )
    }
}

fn require(holds: bool, field: &'static str, why: &'static str) -> Result<(), ClientError> {
    if holds { Ok(()) } else { Err(ClientError { field, why }) }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests;
