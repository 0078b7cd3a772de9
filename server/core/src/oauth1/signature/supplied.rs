//! A method of somebody else: a plugin was given the base string and the key, and answered with the signature that it expects.

use std::fmt;

use super::{SignatureMethod, SigningKey};
use crate::crypto::constant_time_eq;
use crate::oauth1::base_string::BaseString;
use crate::secret::Secret;

/// The one signature that is right for one request, computed elsewhere with [`SigningKey::joined`] over [`BaseString`]. It is compared
/// here, so that a plugin need not know how to compare.
pub struct Supplied {
    name: String,
    signature: Secret<String>,
    needs_tls: bool,
}

impl Supplied {
    /// The method `name`, and the signature it expects on this request. An empty one fits nothing.
    pub const fn new(name: String, signature: Secret<String>) -> Self {
        Self { name, signature, needs_tls: false }
    }

    /// The same, over TLS alone: for methods that show the key.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { needs_tls: true, ..self }
    }
}

impl SignatureMethod for Supplied {
    fn name(&self) -> &str {
        &self.name
    }

    fn verify(&self, _: &BaseString, _: &SigningKey<'_>, signature: &str) -> bool {
        let expected = self.signature.expose();
        !expected.is_empty() && constant_time_eq(expected.as_bytes(), signature.as_bytes())
    }

    fn sign(&self, _: &BaseString, _: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(self.signature.clone())
    }

    fn needs_tls(&self) -> bool {
        self.needs_tls
    }
}

impl fmt::Debug for Supplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supplied({})", self.name)
    }
}
