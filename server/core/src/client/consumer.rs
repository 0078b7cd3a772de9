//! A client as a consumer of OAuth 1.0a: what it signs requests with (RFC 5849 §3.4).

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{Client, ClientError, require};
use crate::crypto::PublicKey;
use crate::secret::Secret;

/// Most keys of a kind: one, and another while one is being exchanged for the other.
const MOST_KEYS: usize = 2;
const MOST_METHODS: usize = 16;

/// What a client signs requests with. A shared secret has to be read back to verify a signature, so it is sealed and not hashed: it
/// is never the secret of OAuth 2.0, which is hashed.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consumer {
    /// Shared secrets, sealed under the master key; the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Vec<u8>>,
    /// Public RSA keys, PEM (`SubjectPublicKeyInfo`); the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rsa_keys: Vec<String>,
    /// The signature methods that it may use; all that the server knows if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// The keys in a form to verify with; no part of the record.
    #[serde(skip)]
    pub opened: Opened,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({} secrets, {} RSA keys, {:?})", self.secrets.len(), self.rsa_keys.len(), self.methods)
    }
}

/// What a consumer signs with, opened and read: the pairs to try, the newest first.
pub struct Keys {
    /// Its shared secrets.
    pub secrets: Vec<Secret<String>>,
    /// Its RSA keys.
    pub rsa: Vec<PublicKey>,
}

impl Keys {
    /// How many pairs of secret and RSA key there are.
    pub fn pairs(&self) -> usize {
        self.secrets.len().max(self.rsa.len())
    }

    /// A pair: what is there of each sort.
    pub fn pair(&self, index: usize) -> (Option<&str>, Option<&PublicKey>) {
        let secret = self.secrets.get(index).or_else(|| self.secrets.first());
        let rsa = self.rsa.get(index).or_else(|| self.rsa.first());
        (secret.map(|secret| secret.expose().as_str()), rsa)
    }
}

/// The keys of a consumer, opened at its first request and kept as long as its record is. A clone has none: whoever clones a record
/// does so to change it.
#[derive(Default)]
pub struct Opened(OnceLock<Keys>);

impl Opened {
    /// The keys; `open` makes them the first time.
    ///
    /// # Errors
    /// Those of `open`, which is asked again at the next request.
    pub fn or_open<E>(&self, open: impl FnOnce() -> Result<Keys, E>) -> Result<&Keys, E> {
        match self.0.get() {
            Some(keys) => Ok(keys),
            None => open().map(|keys| self.0.get_or_init(|| keys)),
        }
    }
}

impl Clone for Opened {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Records are equal by what is stored of them.
impl PartialEq for Opened {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Opened {}

impl Consumer {
    /// Whether it may sign with this method.
    pub fn allows(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method)
    }

    /// Whether it fits its client.
    pub(super) fn validate(&self) -> Result<(), ClientError> {
        let keys = !self.secrets.is_empty() || !self.rsa_keys.is_empty();
        require(keys, "oauth1", "it has neither a shared secret nor an RSA key to sign with")?;
        let count = self.secrets.len() <= MOST_KEYS && self.rsa_keys.len() <= MOST_KEYS;
        require(count, "oauth1", "it has one shared secret and one RSA key, or two while one replaces the other")?;
        let named = self.methods.len() <= MOST_METHODS && self.methods.iter().all(|method| !method.is_empty() && method.len() <= 64);
        require(named, "oauth1.methods", "a signature method is named by 1 to 64 characters, and 16 may be listed")
    }
}

impl Client {
    /// Whether it has no other way to prove who it is than to sign its requests (RFC 5849 §3).
    pub fn only_signs(&self) -> bool {
        self.oauth1.is_some() && self.secrets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::client::{AuthMethod, ClientKind};

    fn consumer() -> Client {
        let own = Consumer { secrets: vec![vec![1, 2, 3]], ..Consumer::default() };
        Client {
            kind: ClientKind::Confidential,
            auth_method: AuthMethod::Signature,
            oauth1: Some(own),
            grant_types: Vec::new(),
            response_types: Vec::new(),
            ..Client::public("printer", "Printer")
        }
    }

    #[test]
    fn a_consumer_signs_with_something_and_is_confidential() {
        consumer().validate().unwrap();
        assert_eq!(Client { oauth1: Some(Consumer::default()), ..consumer() }.validate().unwrap_err().field, "oauth1");
        let public = Client { kind: ClientKind::Public, auth_method: AuthMethod::None, ..consumer() };
        assert_eq!(public.validate().unwrap_err().field, "oauth1");
        let nothing = Client { oauth1: None, ..consumer() };
        assert_eq!(nothing.validate().unwrap_err().field, "auth_method");
    }

    #[test]
    fn no_secret_is_shown_by_a_consumer() {
        assert!(!format!("{:?}", consumer()).contains("1, 2, 3"));
    }

    #[test]
    fn keys_are_opened_once_and_by_a_changed_record_anew() {
        let keys = |secret: &str| Keys { secrets: vec![Secret::new(secret.to_owned())], rsa: Vec::new() };
        let opened = Opened::default();
        assert_eq!(opened.or_open(|| Err("the master key is another one")).err(), Some("the master key is another one"));
        assert_eq!(opened.or_open(|| Ok::<_, ()>(keys("first"))).unwrap().pair(0).0, Some("first"));
        assert_eq!(opened.or_open(|| Ok::<_, ()>(keys("second"))).unwrap().pair(0).0, Some("first"));
        assert_eq!(opened.clone().or_open(|| Ok::<_, ()>(keys("second"))).unwrap().pair(0).0, Some("second"));
    }

    #[test]
    fn a_consumer_may_use_the_methods_that_are_listed_or_all() {
        let all = Consumer::default();
        let some = Consumer { methods: vec!["HMAC-SHA256".into()], ..Consumer::default() };
        assert!(all.allows("HMAC-SHA1") && some.allows("HMAC-SHA256") && !some.allows("HMAC-SHA1"));
    }
}
