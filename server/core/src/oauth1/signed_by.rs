//! What a server that verified a signed request says of it, and the trait of one that runs in the same process (RFC 5849 §3.2).

use std::pin::Pin;

use serde_json::{Map, Value};

use super::error::Problem;
use super::request::SignedRequest;
use crate::scope::Scope;
use crate::time::Timestamp;

/// Who signed a request, and what they may do.
#[derive(Clone, PartialEq, Debug)]
pub struct SignedBy {
    /// The client whose consumer key and secret it was signed with.
    pub client: String,
    /// The user whose token it was signed with; none where the client acts for itself.
    pub subject: Option<String>,
    /// What token or client may do.
    pub scope: Scope,
    /// The server that says so.
    pub issuer: String,
    /// When the token was issued and when it ends, where there is one.
    pub token_lives: Option<(Timestamp, Timestamp)>,
    /// `covers_body`, and what the operator registered of the client.
    pub attributes: Map<String, Value>,
}

/// Why nobody is known to have signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unproven {
    /// It is not signed, or what is wrong with it.
    Problem(Option<Problem>),
    /// It cannot be known now; for the log, never a secret.
    Unavailable(String),
}

/// The answer on its way.
pub type Proving<'a> = Pin<Box<dyn Future<Output = Result<SignedBy, Unproven>> + Send + 'a>>;

/// A server in the same process that has the secrets and the nonces.
pub trait SignedRequests: Send + Sync {
    /// Who signed. The nonce is recorded: a request is good once.
    fn signed_by<'a>(&'a self, request: SignedRequest<'a>) -> Proving<'a>;
}
