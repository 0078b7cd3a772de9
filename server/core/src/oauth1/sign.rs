//! The client's side: signs a request, for whoever tries a server out and for tests (RFC 5849 §3.4, §3.5).

use std::fmt;

use super::base_string::BaseString;
use super::body_hash;
use super::encoding::{Plus, encode, encode_into};
use super::pairs::Pairs;
use super::request::SignedRequest;
use super::signature::{SignatureMethod, SigningKey};
use crate::secret::Secret;
use crate::text;

/// What a client signs with and says of itself.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// `oauth_consumer_key`.
    pub consumer_key: &'a str,
    /// `oauth_token`.
    pub token: Option<&'a str>,
    /// The secrets, or the private key.
    pub key: SigningKey<'a>,
    /// `oauth_signature_method`.
    pub method: &'a dyn SignatureMethod,
    /// `oauth_timestamp`, in seconds since 1970.
    pub timestamp: u64,
    /// `oauth_nonce`: fresh for every request.
    pub nonce: &'a str,
    /// `oauth_callback`, where temporary credentials are asked for.
    pub callback: Option<&'a str>,
    /// `oauth_verifier`, where they are exchanged.
    pub verifier: Option<&'a str>,
    /// Whether to send `oauth_body_hash` where the body is no form.
    pub body_hash: bool,
}

/// Why nothing was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignError {
    /// The query or the form is malformed, or has too many parameters.
    Request,
    /// The key is not one for this method, or the method only verifies.
    Key,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "the query or the form to be signed is not well-formed",
            Self::Key => "this key does not sign with this method",
        })
    }
}

impl std::error::Error for SignError {}

impl Signer<'_> {
    /// Signs a request, of which method, address and form matter; an `Authorization` header that it has does not.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign(&self, request: &SignedRequest<'_>) -> Result<Signed, SignError> {
        let mut parameters = self.protocol_parameters(request);
        let (query, form) = (request.query.unwrap_or_default().as_bytes(), request.form_body.unwrap_or_default());
        let mut pairs = Pairs::with_capacity(query.len() + form.len() + 512);
        pairs.form(query).and_then(|()| pairs.form(form)).map_err(|_| SignError::Request)?;
        for (name, value) in &parameters {
            pairs.push(name.as_bytes(), encode(value).as_bytes(), Plus::Plus).map_err(|_| SignError::Request)?;
        }
        pairs.sort();
        let base = BaseString::over(request, &pairs);
        let signature = self.method.sign(&base, &self.key).ok_or(SignError::Key)?;
        parameters.push(("oauth_signature", signature.into_inner()));
        Ok(Signed { parameters, base })
    }

    fn protocol_parameters(&self, request: &SignedRequest<'_>) -> Vec<(&'static str, String)> {
        let hashed = self.body_hash && request.form_body.is_none();
        let hash = hashed.then(|| body_hash::of(self.method.name(), request.body_other.unwrap_or_default()));
        let optional = |name, value: Option<&str>| value.map(|value| (name, value.to_owned()));
        [
            Some(("oauth_consumer_key", self.consumer_key.to_owned())),
            optional("oauth_token", self.token),
            Some(("oauth_signature_method", self.method.name().to_owned())),
            Some(("oauth_timestamp", self.timestamp.to_string())),
            optional("oauth_nonce", Some(self.nonce)),
            Some(("oauth_version", "1.0".to_owned())),
            optional("oauth_callback", self.callback),
            optional("oauth_verifier", self.verifier),
            optional("oauth_body_hash", hash.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The protocol parameters of a signed request, to be sent in one place.
pub struct Signed {
    parameters: Vec<(&'static str, String)>,
    base: BaseString,
}

impl Signed {
    /// The value of the `Authorization` header (RFC 5849 §3.5.1).
    pub fn authorization(&self, realm: Option<&str>) -> Secret<String> {
        let mut out = String::from("OAuth ");
        if let Some(realm) = realm {
            out.push_str("realm=");
            out.push_str(&text::quoted(realm));
            out.push_str(", ");
        }
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            out.push_str(name);
            out.push_str("=\"");
            encode_into(value, &mut out);
            out.push('"');
        }
        Secret::new(out)
    }

    /// The pairs to append to the form (RFC 5849 §3.5.2) or the query (§3.5.3).
    pub fn form(&self) -> Secret<String> {
        let mut out = String::new();
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            out.push_str(if index > 0 { "&" } else { "" });
            out.push_str(name);
            out.push('=');
            encode_into(value, &mut out);
        }
        Secret::new(out)
    }

    /// What was signed.
    pub const fn base_string(&self) -> &BaseString {
        &self.base
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} parameters)", self.parameters.len())
    }
}
