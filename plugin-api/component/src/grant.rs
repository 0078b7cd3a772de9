//! A grant: how a client turns what it holds into tokens (RFC 6749 §1.3).

use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Granted;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;

use crate::BoxFuture;
use crate::batch::Operation;
use crate::context::Context;
use crate::hooks::PluginData;
use crate::records::{self, Stored};
use crate::settings::Settings;

/// A grant type. Its file is named after its `grant_type`.
pub trait Grant: Send + Sync {
    /// The value of the `grant_type` parameter.
    fn grant_type(&self) -> &str;

    /// Whether the server offers it; one that it does not is as if it were not there.
    fn is_offered(&self, _settings: &Settings) -> bool {
        true
    }

    /// `issued_token_type` of the response, where the grant is an exchange (RFC 8693 §2.2.1).
    fn issued_token_type(&self) -> Option<&'static str> {
        None
    }

    /// Checks what the client holds. Consumes nothing: what has to be taken is in [`Pending::guard`] and is taken by the commit.
    ///
    /// # Errors
    /// The protocol error of the grant.
    fn redeem<'a>(
        &'a self,
        form: &'a Form,
        client: &'a AuthenticatedClient,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Pending, OAuthError>>;

    /// The guard was refused although `redeem` saw it live: somebody else was faster. Says what the loser hears, and does what
    /// a replay requires (RFC 6749 §4.1.2: revoke what was issued).
    fn lost<'a>(&'a self, pending: &'a Pending, context: &'a Context) -> BoxFuture<'a, Lost>;
}

/// What the loser of a race does.
pub enum Lost {
    /// Run `redeem` once more: the winner's result can be given again (refresh within its grace).
    Again,
    /// It was a replay, and has been dealt with.
    Refused(OAuthError),
}

/// A grant that has been checked and not yet consumed.
#[derive(Debug)]
pub struct Pending {
    /// Who the token speaks for; `None` for the client itself.
    pub subject: Option<String>,
    /// What it may do.
    pub scope: Granted,
    /// The grant record it belongs to, [`RecordId::NONE`] for client credentials.
    pub grant: RecordId,
    /// That record, where it does not exist yet: it is inserted with the tokens, with what plugins attached meanwhile.
    pub opens: Option<Box<Stored<records::Grant>>>,
    /// The single-use thing that the commit takes first.
    pub guard: Option<Operation>,
    /// What happens to refresh tokens.
    pub refresh: Refresh,
    /// Nothing that is issued lives longer; [`Timestamp::MAX`] where there is no grant record.
    pub ends_at: Timestamp,
    /// Plugins' data that came with the grant.
    pub data: PluginData,
}

/// What a token response does about a refresh token.
#[derive(Debug)]
pub enum Refresh {
    /// None is issued.
    No,
    /// A new one is issued. When it replaces one, `replaces` is that record's key: the successor is sealed into the spent record.
    Issue {
        /// The scope of the refresh token: all that was granted, though this access token may have less.
        scope: Granted,
        /// Whether the guard is the predecessor.
        rotates: bool,
    },
    /// The same successor again, within the grace of the rotation.
    Same(Secret<String>),
}
