//! What an endpoint may reach. One value per generation of the server; a request keeps the one it started with.

use std::sync::Arc;

use keyhook_core::client::Client;
use keyhook_core::crypto::Sealer;
use keyhook_core::error::OAuthError;
use keyhook_core::time::Timestamp;

use crate::audit::Audit;
use crate::dev::DevStatus;
use crate::grant::Grant;
use crate::hooks::Hooks;
use crate::pages::Pages;
use crate::records::Records;
use crate::settings::Settings;
use crate::system::{Clock, Random};
use crate::token_format::TokenFormat;

/// What an endpoint may reach.
#[derive(Clone)]
pub struct Context {
    /// Settings of this generation.
    pub settings: Arc<Settings>,
    /// The typed records.
    pub records: Records,
    /// When this process began to serve.
    pub started_at: Timestamp,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The hook chains of this generation.
    pub hooks: Arc<dyn Hooks>,
    /// The audit log.
    pub audit: Arc<dyn Audit>,
    /// Pages that are not an endpoint's own.
    pub pages: Arc<dyn Pages>,
    /// Seals what must be recoverable and signs what must not be forged.
    pub sealer: Arc<Sealer>,
    /// The grants, by `grant_type`.
    pub grants: Arc<[Arc<dyn Grant>]>,
    /// The forms of access tokens, by name.
    pub formats: Arc<[Arc<dyn TokenFormat>]>,
    /// The metadata document (RFC 8414), made once at start.
    pub metadata: bytes::Bytes,
    /// What the start page shows; `None` in production.
    pub dev: Option<Arc<dyn DevStatus>>,
}

impl Context {
    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The form of a client's new access tokens.
    ///
    /// # Errors
    /// `server_error` when it is not linked into this server.
    pub fn format(&self, client: &Client) -> Result<&Arc<dyn TokenFormat>, OAuthError> {
        let name = client.tokens.format.as_ref().unwrap_or(&self.settings.tokens.format);
        let found = self.formats.iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            OAuthError::server_error(format!("client `{}` wants tokens of the form `{name}`, which is not linked in", client.id))
        })
    }

    /// The grant of a `grant_type`.
    ///
    /// # Errors
    /// `unsupported_grant_type` (RFC 6749 §5.2).
    pub fn grant(&self, grant_type: &str) -> Result<&Arc<dyn Grant>, OAuthError> {
        let offered = |grant: &&Arc<dyn Grant>| grant.grant_type() == grant_type && grant.is_offered(&self.settings);
        self.grants.iter().find(offered).ok_or_else(OAuthError::unsupported_grant_type)
    }
}
