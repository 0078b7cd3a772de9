//! The form of an access token: how one is drafted, known again and ended (RFC 6749 §1.4).

use std::time::Duration;

use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use serde_json::{Map, Value};

use crate::BoxFuture;
use crate::batch::Operation;
use crate::context::Context;
use crate::grant::Pending;
use crate::records::LiveToken;
use crate::settings::Settings;

/// What an access token is to say.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// The client it is for.
    pub client: &'a Client,
    /// The grant that has been checked: subject, scope, grant record.
    pub pending: &'a Pending,
    /// What resource servers are told besides: it lives in the token, as it is at this moment.
    pub attributes: &'a Map<String, Value>,
    /// The present.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A token that is nobody's yet.
#[derive(Debug)]
pub struct DraftedToken {
    /// What the client gets.
    pub text: Secret<String>,
    /// What is written, in the group `grants`, when the request commits; `None` for a token that speaks for itself.
    pub insert: Option<Operation>,
}

/// A token that was found for its revocation, live or not.
#[derive(Debug)]
pub struct FoundToken {
    /// The client it was issued to.
    pub owner: String,
    /// The write that ends it; `None` when it has ended.
    pub end: Option<Operation>,
}

/// A form of access tokens. `[tokens] format` and a client's policy choose one by its name to make new tokens; every form that is
/// linked in is asked to know old ones, so that a change of mind leaves no token unknown.
pub trait TokenFormat: Send + Sync {
    /// The name by which it is chosen.
    fn name(&self) -> &'static str;

    /// How long a token lives where nobody says otherwise.
    fn lifetime(&self, settings: &Settings) -> Duration {
        settings.lifetimes.access
    }

    /// The longest lifetime, whoever says otherwise.
    fn longest(&self) -> Duration {
        Duration::MAX
    }

    /// Drafts a token. Writes nothing.
    ///
    /// # Errors
    /// `server_error` or `temporarily_unavailable` when it cannot be made.
    fn draft<'a>(&'a self, token: NewToken<'a>, context: &'a Context) -> BoxFuture<'a, Result<DraftedToken, OAuthError>>;

    /// Whether a text may be a token of this form, by its looks alone. A cheap question: who says no is not asked further.
    fn recognizes(&self, text: &str) -> bool;

    /// The token, if it may be believed at this moment. Every reason for a no looks the same.
    ///
    /// # Errors
    /// When a store cannot answer: then nothing is known, and nothing may be believed.
    fn live<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<LiveToken>, OAuthError>>;

    /// The token for its revocation (RFC 7009 §2.1); `None` when there never was one, or its secret is wrong.
    ///
    /// # Errors
    /// When a store cannot answer.
    fn find<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<FoundToken>, OAuthError>>;
}
