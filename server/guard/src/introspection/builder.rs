//! How introspection is set up.

use std::sync::Arc;
use std::time::Duration;

use keyhook_core::Secret;
use tokio::sync::Semaphore;

use super::{Introspection, basic};
use crate::answers::Answers;
use crate::expected::Expected;
use crate::fetch::{Fetch, default_fetch};
use crate::setup::{SetupError, endpoint};

/// The longest time that an answer may be kept: a revoked token is let in for as long.
const LONGEST_KEPT: Duration = Duration::from_secs(30);

/// Sets introspection up.
#[must_use]
pub struct IntrospectionBuilder {
    endpoint: String,
    client: Option<(String, Secret<String>)>,
    expected: Expected,
    untyped: bool,
    keep: Duration,
    keep_refusals: Duration,
    deadline: Duration,
    capacity: usize,
    at_once: usize,
    fetch: Option<Arc<dyn Fetch>>,
}

impl IntrospectionBuilder {
    pub(super) fn new(endpoint: String) -> IntrospectionBuilder {
        IntrospectionBuilder {
            endpoint,
            client: None,
            expected: Expected::default(),
            untyped: false,
            keep: Duration::from_secs(5),
            keep_refusals: Duration::from_secs(1),
            deadline: Duration::from_secs(5),
            capacity: 10_000,
            at_once: 64,
            fetch: None,
        }
    }

    /// What the API authenticates with, by `client_secret_basic`: a confidential client that may introspect the tokens of others.
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> IntrospectionBuilder {
        self.client = Some((id.into(), Secret::new(secret.into())));
        self
    }

    /// The issuer that the answer must name. Without it any is good, and none as well.
    pub fn issuer(mut self, issuer: impl Into<String>) -> IntrospectionBuilder {
        self.expected.issuer = Some(issuer.into());
        self
    }

    /// What the token must be for: `aud` of the answer must name it. Without it that is not looked at.
    pub fn audience(mut self, audience: impl Into<String>) -> IntrospectionBuilder {
        self.expected.audience = Some(audience.into());
        self
    }

    /// Lets tokens in whose `token_type` the server does not say. keyhook says it of access tokens and never of refresh tokens; with
    /// a server that says it of neither, a refresh token would pass as an access token.
    pub fn accept_untyped_tokens(mut self) -> IntrospectionBuilder {
        self.untyped = true;
        self
    }

    /// For how long a good answer is kept, and a revoked token let in: 5 s unless said, 30 s at most, never past the token's own end.
    pub fn keep(mut self, time: Duration) -> IntrospectionBuilder {
        self.keep = time;
        self
    }

    /// For how long it is remembered that a token is bad: 1 s unless said, 30 s at most.
    pub fn keep_refusals(mut self, time: Duration) -> IntrospectionBuilder {
        self.keep_refusals = time;
        self
    }

    /// How long an answer may take: 5 s unless said. Then the request is refused with 503.
    pub fn deadline(mut self, time: Duration) -> IntrospectionBuilder {
        self.deadline = time;
        self
    }

    /// How many answers are kept: 10,000 unless said, some 500 bytes each.
    pub fn capacity(mut self, answers: usize) -> IntrospectionBuilder {
        self.capacity = answers;
        self
    }

    /// How many questions may be under way at once: 64 unless said. Others wait, within the deadline.
    pub fn at_once(mut self, questions: usize) -> IntrospectionBuilder {
        self.at_once = questions;
        self
    }

    /// Asks in another way than over `HttpsFetch`.
    pub fn fetch_with(mut self, fetch: impl Fetch + 'static) -> IntrospectionBuilder {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// What is wrong, with `KH0705`.
    pub fn build(self) -> Result<Introspection, SetupError> {
        let (id, secret) = self.client.ok_or(SetupError::value("introspection", "no client is given; call `client(id, secret)`"))?;
        if id.is_empty() || secret.expose().is_empty() {
            return Err(SetupError::value("introspection", "the client's id or secret is empty"));
        }
        if self.keep > LONGEST_KEPT || self.keep_refusals > LONGEST_KEPT {
            return Err(SetupError::value("introspection", "answers are kept for 30 s at most; a revoked token is let in for as long"));
        }
        if self.deadline.is_zero() || self.at_once == 0 || self.at_once > Semaphore::MAX_PERMITS {
            return Err(SetupError::value("introspection", "the deadline and the number of questions at once must be positive"));
        }
        let fetch = match self.fetch {
            Some(fetch) => fetch,
            None => default_fetch()?,
        };
        Ok(Introspection {
            endpoint: endpoint("the introspection endpoint", &self.endpoint)?,
            authorization: basic(&id, &secret).ok_or(SetupError::value("introspection", "the client's id or secret is malformed"))?,
            expected: self.expected,
            untyped: self.untyped,
            keep: self.keep,
            keep_refusals: self.keep_refusals,
            deadline: self.deadline,
            fetch,
            answers: Answers::new(self.capacity),
            places: Semaphore::new(self.at_once),
        })
    }
}
