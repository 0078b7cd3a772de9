//! The issuer's keys: fetched when they are needed, kept for a while, fetched anew for a key that is not among them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode, Uri};
use keyhook_core::Timestamp;
use keyhook_core::crypto::Algorithm;
use keyhook_core::jwt::{Jwk, JwkSet};

use crate::fetch::Fetch;
use crate::refused::{Refused, Unavailable};

/// After this time keys are fetched anew, behind the backs of those who use them: a key that was withdrawn is believed for as long.
const FRESH: Duration = Duration::from_mins(10);
/// After this time keys that could not be fetched anew are believed no longer.
const USABLE: Duration = Duration::from_hours(1);
/// The shortest time between two fetches, so that nobody makes the guard ask by sending tokens with keys that he thought up.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while there are no keys at all.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The keys of one issuer.
pub(super) struct Keys {
    url: Uri,
    fetch: Arc<dyn Fetch>,
    state: Mutex<State>,
    /// One fetch at a time; the others wait for it.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<JwkSet>,
    /// When they came.
    fetched: Option<Timestamp>,
    /// When they were asked for last, and what was wrong.
    tried: Option<Timestamp>,
    failed: Option<Unavailable>,
}

impl State {
    fn age(&self, now: Timestamp) -> Option<Duration> {
        self.fetched.map(|fetched| fetched.until(now))
    }

    /// Whether it is too early to ask again.
    fn rests(&self, now: Timestamp) -> bool {
        let pause = if self.age(now).is_some_and(|age| age < USABLE) { PAUSE } else { SHORT_PAUSE };
        self.tried.is_some_and(|tried| tried.until(now) < pause && tried <= now)
    }

    /// The key, among keys that may still be used.
    fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: Timestamp) -> Option<Jwk> {
        self.age(now).filter(|age| *age < USABLE)?;
        self.keys.find(kid, algorithm).cloned()
    }
}

impl Keys {
    pub(super) fn new(url: Uri, fetch: Arc<dyn Fetch>) -> Keys {
        Keys { url, fetch, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The key that a token's header names.
    ///
    /// # Errors
    /// [`Refused::InvalidToken`] if the issuer does not publish it, [`Refused::Unavailable`] if that cannot be known.
    pub(super) async fn find(self: &Arc<Self>, kid: Option<&str>, algorithm: Algorithm, now: Timestamp) -> Result<Jwk, Refused> {
        let state = self.state().clone();
        if let Some(key) = state.find(kid, algorithm, now) {
            if state.age(now).is_some_and(|age| age >= FRESH) && !state.rests(now) {
                let keys = Arc::clone(self);
                tokio::spawn(async move { keys.refresh(now).await });
            }
            return Ok(key);
        }
        let state = self.refresh(now).await;
        state.find(kid, algorithm, now).ok_or(match state.failed {
            Some(unavailable) => Refused::Unavailable(unavailable),
            None => Refused::InvalidToken("it is signed with a key that its issuer does not publish"),
        })
    }

    /// Fetches the keys unless that was just done, and gives what is known then.
    async fn refresh(&self, now: Timestamp) -> State {
        let _one = self.fetching.lock().await;
        let before = self.state().clone();
        if before.rests(now) {
            return before;
        }
        let fetched = tokio::time::timeout(DEADLINE, self.fetch_keys()).await;
        let fetched = fetched.unwrap_or_else(|_| Err(unavailable(&format!("no answer within {DEADLINE:?}"))));
        let mut state = self.state();
        state.tried = Some(now);
        match fetched {
            Ok(keys) => *state = State { keys: Arc::new(keys), fetched: Some(now), tried: Some(now), failed: None },
            Err(why) => {
                tracing::warn!(event = "guard", code = why.code, cause = why.cause, "the issuer's keys cannot be fetched");
                state.failed = Some(why);
            }
        }
        state.clone()
    }

    async fn fetch_keys(&self) -> Result<JwkSet, Unavailable> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.url.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"));
        let response = self.fetch.fetch(request).await.map_err(|error| unavailable(&error.0))?;
        if response.status() != StatusCode::OK {
            return Err(unavailable(&format!("the answer was {}", response.status())));
        }
        JwkSet::parse(response.body()).map_err(|error| unavailable(&error.to_string()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(why: &str) -> Unavailable {
    Unavailable::new("KH0704", format!("the keys of the issuer cannot be had: {why}"))
}
