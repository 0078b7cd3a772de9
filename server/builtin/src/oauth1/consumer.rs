//! A client as a consumer: the secrets that open, and the RSA keys that can be read (RFC 5849 §3.4).

use std::sync::Arc;

use keyhook_component::context::Context;
use keyhook_component::records::SharedSecret;
use keyhook_core::client::{Client, Consumer, Keys};
use keyhook_core::crypto::PublicKey;
use keyhook_core::error::OAuthError;

use super::arrived::Arrived;
use super::hooks;
use crate::client_auth::registered;

/// The client behind a consumer key, if it is one of OAuth 1.0a and not disabled. For a key that is no client's, plugins may name one.
///
/// # Errors
/// When the directory does not answer, or a plugin breaks.
pub(super) async fn find(key: &str, arrived: Arrived<'_>, context: &Context) -> Result<Option<Arc<Client>>, OAuthError> {
    let mut found = registered(context, key).await?.filter(|client| client.id == key);
    if found.is_none() {
        let named = hooks::consumer(key, arrived, context).await?;
        if let Some(id) = named {
            found = registered(context, &id).await?.filter(|client| client.id == id);
        }
    }
    Ok(found.filter(|client| !client.disabled && client.oauth1.is_some()))
}

/// What a consumer signs with, opened at its first request.
///
/// # Errors
/// `server_error` when a secret does not open, or a key cannot be read.
pub(super) fn keys<'c>(client: &Client, consumer: &'c Consumer, context: &Context) -> Result<&'c Keys, OAuthError> {
    let open = |sealed: &Vec<u8>| {
        let opened = SharedSecret::Client(&client.id).open(sealed, &context.sealer);
        opened.map_err(|error| OAuthError::server_error(format!("opening the shared secret of `{}`: {error}", client.id)))
    };
    let read = |pem: &String| {
        PublicKey::rsa_from_pem(pem).map_err(|_| OAuthError::server_error(format!("an RSA key of `{}` cannot be read", client.id)))
    };
    consumer.opened.or_open(|| {
        Ok(Keys {
            secrets: consumer.secrets.iter().map(open).collect::<Result<_, _>>()?,
            rsa: consumer.rsa_keys.iter().map(read).collect::<Result<_, _>>()?,
        })
    })
}
