//! A client as a consumer: the secrets that open, and the RSA keys that can be read (RFC 5849 §3.4).

use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_component::records::SharedSecret;
use keyhook_core::client::{Client, Consumer};
use keyhook_core::crypto::PublicKey;
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;

use super::arrived::Arrived;
use super::hooks;
use crate::client_auth::registered;

/// What a consumer signs with: the pairs to try, the newest first.
pub(super) struct Keys {
    secrets: Vec<Secret<String>>,
    rsa: Vec<PublicKey>,
}

impl Keys {
    /// How many pairs of secret and RSA key there are.
    pub(super) fn pairs(&self) -> usize {
        self.secrets.len().max(self.rsa.len())
    }

    /// A pair: what is there of each sort.
    pub(super) fn pair(&self, index: usize) -> (Option<&str>, Option<&PublicKey>) {
        let secret = self.secrets.get(index).or_else(|| self.secrets.first());
        let rsa = self.rsa.get(index).or_else(|| self.rsa.first());
        (secret.map(|secret| secret.expose().as_str()), rsa)
    }
}

/// The client behind a consumer key, if it is one of OAuth 1.0a and not disabled. For a key that is no client's, plugins may name one.
///
/// # Errors
/// When the directory does not answer, or a plugin breaks.
pub(super) async fn find(key: &str, arrived: Arrived<'_>, context: &Context) -> Result<Option<Arc<Client>>, OAuthError> {
    let found = match registered(context, key).await? {
        Some(client) => Some(client).filter(|client| client.id == key),
        None => match hooks::consumer(key, arrived, context).await? {
            Some(id) => registered(context, &id).await?.filter(|client| client.id == id),
            None => None,
        },
    };
    Ok(found.filter(|client| !client.disabled && client.oauth1.is_some()))
}

/// Opens what a consumer signs with.
///
/// # Errors
/// `server_error` when a secret does not open, or a key cannot be read.
pub(super) fn keys(client: &Client, consumer: &Consumer, context: &Context) -> Result<Keys, OAuthError> {
    let open = |sealed: &Vec<u8>| {
        let opened = SharedSecret::Client(&client.id).open(sealed, &context.sealer);
        opened.map_err(|error| OAuthError::server_error(format!("opening the shared secret of `{}`: {error}", client.id)))
    };
    let read = |pem: &String| {
        PublicKey::rsa_from_pem(pem).map_err(|_| OAuthError::server_error(format!("an RSA key of `{}` cannot be read", client.id)))
    };
    Ok(Keys {
        secrets: consumer.secrets.iter().map(open).collect::<Result<_, _>>()?,
        rsa: consumer.rsa_keys.iter().map(read).collect::<Result<_, _>>()?,
    })
}
