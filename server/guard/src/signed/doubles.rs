//! An issuer for the tests of signed tokens: its keys, what it publishes, and whether it answers.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use keyhook_core::Timestamp;
use keyhook_core::crypto::{Algorithm, PrivateKey};
use keyhook_core::jwt::{Jwk, JwkSet};
use serde_json::{Value, json};

use super::SignedTokens;
use crate::fetch::{BoxFuture, Fetch, FetchError};

pub(super) const ISSUER: &str = "https://id.example";
pub(super) const API: &str = "https://api.example";
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An issuer with keys that come and go.
#[derive(Clone)]
pub(super) struct Issuer {
    pub(super) published: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

/// A signing key.
pub(super) struct Key {
    private: PrivateKey,
    pub(super) jwk: Jwk,
}

impl Key {
    pub(super) fn new(algorithm: Algorithm) -> Key {
        let private = PrivateKey::from_pkcs8(algorithm, PrivateKey::generate(algorithm).unwrap().expose()).unwrap();
        let jwk = Jwk::new(private.public().clone());
        Key { private, jwk }
    }

    /// A token with any header and claims, signed by this key.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.private.sign(text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn header(&self) -> Value {
        json!({ "alg": self.jwk.key.algorithm().name(), "typ": "at+jwt", "kid": self.jwk.kid })
    }

    pub(super) fn token(&self, changes: &Value) -> String {
        let mut claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": API, "client_id": "shop", "exp": NOW.seconds() + 600, "iat": NOW.seconds(),
            "jti": "1", "scope": "read", "tenant": "acme",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| *value != json!("absent"));
        self.sign(&self.header(), &claims)
    }
}

impl Issuer {
    pub(super) fn publishing(keys: &[&Key]) -> Issuer {
        let issuer = Issuer { published: Arc::default(), asked: Arc::default() };
        issuer.publish(keys);
        issuer
    }

    pub(super) fn publish(&self, keys: &[&Key]) {
        let set = JwkSet::new(keys.iter().map(|key| key.jwk.clone()).collect());
        *self.published.lock().unwrap() = Some(String::from_utf8(set.json()).unwrap());
    }

    pub(super) fn go_away(&self) {
        *self.published.lock().unwrap() = None;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn guard(&self) -> SignedTokens {
        SignedTokens::of(ISSUER).audience(API).fetch_with(self.clone()).build().unwrap()
    }
}

impl Fetch for Issuer {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        assert_eq!(request.uri(), "https://id.example/jwks");
        self.asked.fetch_add(1, Ordering::SeqCst);
        let published = self.published.lock().unwrap().clone();
        let answer = published.map(|keys| Response::new(Bytes::from(keys))).ok_or(FetchError("connection refused".to_owned()));
        Box::pin(std::future::ready(answer))
    }
}
