//! Signature methods: one file each behind one trait, which linked code and plugins implement too (RFC 5849 §3.4).

mod hmac_sha1;
mod hmac_sha256;
mod hmac_sha512;
mod plaintext;
mod rsa_sha1;
mod rsa_sha256;
mod supplied;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::base_string::BaseString;
use super::encoding::encode_into;
use crate::crypto::{self, PrivateKey, PublicKey};
use crate::secret::Secret;

pub use hmac_sha1::HmacSha1;
pub use hmac_sha256::HmacSha256;
pub use hmac_sha512::HmacSha512;
pub use plaintext::Plaintext;
pub use rsa_sha1::RsaSha1;
pub use rsa_sha256::RsaSha256;
pub use supplied::Supplied;

/// As long as those that the server makes: an HMAC takes longer with a longer key.
pub(crate) const NOBODYS_SECRET: &str = "khx_no-consumer-was-ever-registered-with-this-secret0";

/// A way to sign. The names of methods are compared as they are.
pub trait SignatureMethod: Send + Sync {
    /// The value of `oauth_signature_method`.
    fn name(&self) -> &str;

    /// Whether `signature` is this key's over the base string, in a time that does not depend on how much of it is right. A key of
    /// another sort, and a signature that is malformed, are no.
    fn verify(&self, base: &BaseString, key: &SigningKey<'_>, signature: &str) -> bool;

    /// The signature of this key; `None` if the key is of another sort, or the method only verifies.
    fn sign(&self, _base: &BaseString, _key: &SigningKey<'_>) -> Option<Secret<String>> {
        None
    }

    /// Whether a request so signed is taken over TLS only.
    fn needs_tls(&self) -> bool {
        false
    }

    /// Whether `oauth_timestamp` and `oauth_nonce` have to be there (RFC 5849 §3.1: they may be absent with PLAINTEXT alone).
    fn needs_nonce(&self) -> bool {
        true
    }
}

/// The methods that are built in.
pub static BUILT_IN: [&dyn SignatureMethod; 6] = [&HmacSha1, &HmacSha256, &HmacSha512, &RsaSha1, &RsaSha256, &Plaintext];

/// The built-in method of this name.
pub fn named(name: &str) -> Option<&'static dyn SignatureMethod> {
    BUILT_IN.into_iter().find(|method| method.name() == name)
}

/// What a consumer signs with: secrets that both sides know, or an RSA key, or both where it may choose.
#[derive(Clone, Copy, Default)]
pub struct SigningKey<'a> {
    shared: Option<(&'a str, &'a str)>,
    public: Option<&'a PublicKey>,
    private: Option<&'a PrivateKey>,
}

impl<'a> SigningKey<'a> {
    /// The consumer's secret and the token's, which is empty without a token (RFC 5849 §3.4.2).
    pub const fn shared(consumer_secret: &'a str, token_secret: &'a str) -> Self {
        Self { shared: Some((consumer_secret, token_secret)), public: None, private: None }
    }

    /// The consumer's public RSA key; the token's secret plays no part (RFC 5849 §3.4.3).
    pub const fn rsa(public: &'a PublicKey) -> Self {
        Self { shared: None, public: Some(public), private: None }
    }

    /// The same with a public RSA key beside it.
    #[must_use]
    pub const fn and_rsa(self, public: &'a PublicKey) -> Self {
        Self { public: Some(public), ..self }
    }

    /// The consumer's own half of its RSA key, to sign with.
    pub const fn private(private: &'a PrivateKey) -> Self {
        Self { shared: None, public: None, private: Some(private) }
    }

    /// A key that nobody has, of both sorts: to spend on a stranger the time that a known consumer costs.
    pub(crate) fn dummy(with_token: bool) -> Self {
        let token_secret = if with_token { "no-token-was-ever-issued-with-this-secret00" } else { "" };
        Self::shared(NOBODYS_SECRET, token_secret).and_rsa(&rsa_sha256::NOBODY)
    }

    /// The public RSA key.
    pub const fn public(&self) -> Option<&'a PublicKey> {
        self.public
    }

    /// The private RSA key.
    pub(crate) const fn private_key(&self) -> Option<&'a PrivateKey> {
        self.private
    }

    /// Both secrets encoded and joined by `&`, which stands there even if one is empty (RFC 5849 §3.4.2, §3.4.4): the key of an HMAC,
    /// the signature of PLAINTEXT, and what a plugin's method gets. `None` without a consumer's secret: with an empty one everybody
    /// could sign.
    pub fn joined(&self) -> Option<Zeroizing<String>> {
        let (consumer_secret, token_secret) = self.shared.filter(|(consumer, _)| !consumer.is_empty())?;
        let mut out = Zeroizing::new(String::with_capacity(3 * (consumer_secret.len() + token_secret.len()) + 1));
        encode_into(consumer_secret, &mut out);
        out.push('&');
        encode_into(token_secret, &mut out);
        Some(out)
    }
}

/// What a consumer does not have is nobody's here: comparing costs the same time, or else it would tell who is registered with what.
impl<'a> SigningKey<'a> {
    /// As [`SigningKey::joined`]; and whether it is the consumer's own, without which nothing fits.
    pub(super) fn joined_or_nobodys(&self) -> (Zeroizing<String>, bool) {
        let token_secret = self.shared.map_or("", |(_, token_secret)| token_secret);
        let own = self.joined();
        let is_own = own.is_some();
        (own.or_else(|| SigningKey::shared(NOBODYS_SECRET, token_secret).joined()).unwrap_or_default(), is_own)
    }

    /// The public RSA key; and whether it is the consumer's own, without which nothing fits.
    pub(super) fn public_or_nobodys(&self) -> (&'a PublicKey, bool) {
        // The key's own algorithm has to be this one: a key on a curve verifies nothing here.
        let own = self.public.filter(|key| key.algorithm() == crypto::Algorithm::Rs256);
        (own.unwrap_or(&rsa_sha256::NOBODY), own.is_some())
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorts = (self.shared.is_some(), self.public.is_some(), self.private.is_some());
        write!(f, "SigningKey(shared: {}, public: {}, private: {})", sorts.0, sorts.1, sorts.2)
    }
}

/// Whether a signature in base64 is this tag.
fn is_tag(signature: &str, tag: &[u8]) -> bool {
    STANDARD.decode(signature).is_ok_and(|came| crypto::constant_time_eq(&came, tag))
}

/// A tag as it is sent.
fn encoded(tag: &[u8]) -> Secret<String> {
    Secret::new(STANDARD.encode(tag))
}

#[cfg(test)]
mod tests;
