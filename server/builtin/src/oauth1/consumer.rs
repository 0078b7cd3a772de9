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
use crate::token_kh;

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

/// What a consumer signs with, opened at its first request. While one secret replaces another, one that does not open is left out.
///
/// # Errors
/// `server_error` when no secret opens, or a key cannot be read.
pub(super) fn keys<'c>(client: &Client, consumer: &'c Consumer, context: &Context) -> Result<&'c Keys, OAuthError> {
    let open = |sealed: &Vec<u8>| SharedSecret::Client(&client.id).open(sealed, &context.sealer);
    let read = |pem: &String| {
        PublicKey::rsa_from_pem(pem).map_err(|_| OAuthError::server_error(format!("an RSA key of `{}` cannot be read", client.id)))
    };
    consumer.opened.or_open(|| {
        let rsa: Vec<_> = consumer.rsa_keys.iter().map(read).collect::<Result<_, _>>()?;
        let (mut secrets, mut closed) = (Vec::new(), None);
        for opened in consumer.secrets.iter().map(open) {
            match opened {
                Ok(secret) => secrets.push(secret),
                Err(why) => closed = Some(why),
            }
        }
        match closed {
            Some(why) if secrets.is_empty() && rsa.is_empty() => {
                let cause = format!("the shared secret of `{}` cannot be opened: {why}", client.id);
                Err(OAuthError::server_error(cause).with_kh(token_kh::CONSUMER_SECRET))
            }
            Some(why) => {
                tracing::warn!(
                    event = "consumer_secret",
                    code = token_kh::CONSUMER_SECRET,
                    client = client.id,
                    "left out, a shared secret cannot be opened: {why}"
                );
                Ok(Keys { secrets, rsa })
            }
            None => Ok(Keys { secrets, rsa }),
        }
    })
}
