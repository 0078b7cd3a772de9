//! What came of a call.

use crate::stand_in::{Body, StandIn};

/// What came of a call, and what the plugin left behind.
pub struct Answer {
    ended: Ended,
    pub(crate) host: StandIn,
}

/// How a call ended.
pub(crate) enum Ended {
    Continued,
    Responded,
    Denied,
    SignedIn,
    Approved,
    Granted,
    Authenticated,
    Signed,
    Panicked,
    NotStarted,
}

impl Ended {
    /// The fact `outcome` of observers.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Continued => "continue",
            Self::Responded => "respond",
            Self::Denied | Self::NotStarted => "deny",
            Self::SignedIn => "sign_in",
            Self::Approved => "approve",
            Self::Granted => "grant",
            Self::Authenticated => "client",
            Self::Signed => "signature",
            Self::Panicked => "panicked",
        }
    }
}

impl Answer {
    pub(crate) fn new(ended: Ended, host: StandIn) -> Self {
        Self { ended, host }
    }

    /// The plugin left the decision to others; its edits are kept.
    pub fn continued(&self) -> bool {
        matches!(self.ended, Ended::Continued)
    }

    /// The OAuth error code, if the plugin denied.
    pub fn denied(&self) -> Option<&str> {
        matches!(self.ended, Ended::Denied).then(|| self.host.denial.code.as_str())
    }

    /// Why the plugin denied or did not start, or the text of its panic: what the server logs.
    pub fn reason(&self) -> &str {
        &self.host.denial.description
    }

    /// What the client would read as `error_description`.
    pub fn public_description(&self) -> Option<&str> {
        let is_sent = matches!(self.ended, Ended::Denied) && self.host.denial.is_public;
        is_sent.then(|| self.reason())
    }

    /// The text of the panic, if the plugin panicked.
    pub fn panicked(&self) -> Option<&str> {
        matches!(self.ended, Ended::Panicked).then(|| self.reason())
    }

    /// Why `start` refused its configuration.
    pub fn not_started(&self) -> Option<&str> {
        matches!(self.ended, Ended::NotStarted).then(|| self.reason())
    }

    /// The status of the response, if the plugin responded.
    pub fn status(&self) -> Option<u16> {
        matches!(self.ended, Ended::Responded).then_some(self.host.status)
    }

    /// A header of the response by name, any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.host.response_headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body of the response as text; of a page, what the plugin gave.
    pub fn text(&self) -> &str {
        match &self.host.response_body {
            Body::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            Body::Page { html, .. } => html,
        }
    }

    /// The title of the page, if the response is one.
    pub fn title(&self) -> Option<&str> {
        match &self.host.response_body {
            Body::Page { title, .. } => Some(title),
            Body::Bytes(_) => None,
        }
    }

    /// Who is signed in, if that is the decision.
    pub fn signed_in(&self) -> Option<&str> {
        if matches!(self.ended, Ended::SignedIn) { self.decided("subject") } else { None }
    }

    /// The scopes agreed to, if that is the decision.
    pub fn approved(&self) -> Option<&str> {
        if matches!(self.ended, Ended::Approved) { self.decided("scope") } else { None }
    }

    /// Whether `token_grant` granted; `decided` tells `subject`, `scope`, `refresh`.
    pub fn granted(&self) -> bool {
        matches!(self.ended, Ended::Granted)
    }

    /// The client that `client_assertion` believed.
    pub fn authenticated(&self) -> Option<&str> {
        if matches!(self.ended, Ended::Authenticated) { self.decided("client_id") } else { None }
    }

    /// The client for which `oauth1_consumer` says that a consumer key stands.
    pub fn stands_for(&self) -> Option<&str> {
        self.authenticated()
    }

    /// The signature that `oauth1_signature` expects.
    pub fn expected_signature(&self) -> Option<&str> {
        if matches!(self.ended, Ended::Signed) { self.decided("signature") } else { None }
    }

    /// Another value of the decision: `auth_time`, `acr`, `amr`.
    pub fn decided(&self, name: &str) -> Option<&str> {
        named(&self.host.outcome, name)
    }

    /// A member of the token response as JSON text. After a denial the response is what it was before.
    pub fn member(&self, name: &str) -> Option<&str> {
        named(&self.host.response, name)
    }

    /// A member of the plugin's own data as JSON text.
    pub fn data(&self, name: &str) -> Option<&str> {
        named(&self.host.data, name)
    }

    /// A value in the browser's session.
    pub fn session(&self, name: &str) -> Option<&str> {
        named(&self.host.session, name)
    }

    /// A value in the plugin's store.
    pub fn stored(&self, key: &str) -> Option<&[u8]> {
        self.host.store.get(key).map(Vec::as_slice)
    }

    /// The clients that a handler registered, as JSON; each has the key `test-client` and the secret `test-secret`.
    pub fn registered(&self) -> &[String] {
        &self.host.registered
    }

    /// A member of a custom hook's payload as JSON text.
    pub fn payload(&self, name: &str) -> Option<&str> {
        named(&self.host.payload, name)
    }
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut answer = f.debug_struct("Answer");
        answer.field("outcome", &self.ended.word()).field("reason", &self.reason());
        answer.field("status", &self.status()).field("response", &self.host.response).finish_non_exhaustive()
    }
}
