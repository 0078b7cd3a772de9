//! One structured event per decision.

use std::sync::Arc;

/// The closed list of decisions that are audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Tokens were issued or refused.
    Token,
    /// An authorization code was issued or refused.
    Authorization,
    /// A sign-in succeeded or failed.
    SignIn,
    /// A user allowed or denied a client.
    Consent,
    /// A browser session ended.
    SignOut,
    /// A token was introspected.
    Introspection,
    /// A token was revoked.
    Revocation,
    /// A spent code or refresh token came back; its family was revoked.
    Replay,
    /// Plugins were loaded, refused or reloaded.
    Plugins,
    /// A client, user or key was changed by an operator.
    Administration,
}

impl Decision {
    /// Stable name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Token => "token",
            Decision::Authorization => "authorization",
            Decision::SignIn => "sign_in",
            Decision::Consent => "consent",
            Decision::SignOut => "sign_out",
            Decision::Introspection => "introspection",
            Decision::Revocation => "revocation",
            Decision::Replay => "replay",
            Decision::Plugins => "plugins",
            Decision::Administration => "administration",
        }
    }
}

/// An audit event. Holds no secret: a subject is hashed before it is written.
#[derive(Clone, Debug)]
pub struct Event {
    /// What was decided.
    pub decision: Decision,
    /// `ok`, or the error's wire name.
    pub outcome: &'static str,
    /// The `KH####` code of a refusal, or empty.
    pub code: &'static str,
    /// The request's id.
    pub request_id: Option<Arc<str>>,
    /// The client.
    pub client_id: Option<String>,
    /// The user; written as a keyed hash.
    pub subject: Option<String>,
    /// The plugin that decided.
    pub plugin: Option<Arc<str>>,
    /// A detail for the operator, never a secret.
    pub detail: Option<String>,
}

impl Event {
    /// An event with nothing but its decision and outcome.
    pub fn new(decision: Decision, outcome: &'static str) -> Event {
        Event { decision, outcome, code: "", request_id: None, client_id: None, subject: None, plugin: None, detail: None }
    }

    /// Names the client.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Event {
        self.client_id = Some(client_id.into());
        self
    }

    /// Names the user.
    #[must_use]
    pub fn subject(mut self, subject: Option<&str>) -> Event {
        self.subject = subject.map(str::to_owned);
        self
    }

    /// Names the request.
    #[must_use]
    pub fn request(mut self, id: &Arc<str>) -> Event {
        self.request_id = Some(Arc::clone(id));
        self
    }

    /// Says why.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Event {
        self.code = code;
        self
    }
}

/// Where audit events go. Bounded and non-blocking; a full queue is counted and slows callers before an event is lost.
pub trait Audit: Send + Sync {
    /// Takes an event.
    fn record(&self, event: Event);
}
