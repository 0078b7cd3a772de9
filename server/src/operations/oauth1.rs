//! What a client of OAuth 1.0a signs with, as operators give it out (RFC 5849 §3.4).

use keyhook_component::records::SharedSecret;
use keyhook_component::system::Random;
use keyhook_core::client::{AuthMethod, Client, ClientKind, Opened};
use keyhook_core::crypto::{PublicKey, Sealer};
use keyhook_core::secret::Secret;
use keyhook_core::token::client_secret;
use serde::{Deserialize, Serialize};

use super::Desk;
use crate::failure::{Exit, Failure};

/// What changes about how a client signs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SigningChange {
    /// Makes a shared secret; the one before stays good beside it until the next.
    pub(crate) secret: bool,
    /// Takes everything away that it signs with.
    pub(crate) off: bool,
    /// A public RSA key, PEM; the one before stays good beside it until the next.
    pub(crate) rsa_key: Option<String>,
    /// The signature methods that it may use; all that the server offers if empty.
    pub(crate) methods: Vec<String>,
}

impl SigningChange {
    /// Applies it; gives the new shared secret, which is shown once.
    ///
    /// # Errors
    /// `KH0303` for a public client and a key that is no RSA key; `KH0601` when the secret cannot be sealed.
    pub(super) fn apply(&self, client: &mut Client, desk: &Desk) -> Result<Option<Secret<String>>, Failure> {
        if self.off {
            if client.only_signs() {
                let text = format!("client `{}` would have nothing left to prove itself with", client.id);
                return Err(Failure::new("KH0303", Exit::Usage, text).help(format!(
                    "give it a secret of OAuth 2.0 first: keyhook client secret rotate {0}; then take this away and name the other way: keyhook client update {0} --no-oauth1 --auth-method client_secret_basic; or end it: keyhook client update {0} --disable",
                    client.id
                )));
            }
            client.oauth1 = None;
        }
        if !self.secret && self.rsa_key.is_none() && self.methods.is_empty() {
            return Ok(None);
        }
        if client.kind == ClientKind::Public {
            let text = format!("client `{}` is public and cannot keep what it would sign with", client.id);
            return Err(Failure::new("KH0303", Exit::Usage, text).help("leave --public or --oauth1 out"));
        }
        let mut consumer = client.oauth1.take().unwrap_or_default();
        if let Some(pem) = &self.rsa_key {
            PublicKey::rsa_from_pem(pem).map_err(|_| no_rsa_key())?;
            consumer.rsa_keys.insert(0, pem.trim().to_owned());
            consumer.rsa_keys.truncate(2);
        }
        if !self.methods.is_empty() {
            consumer.methods.clone_from(&self.methods);
        }
        let mut shown = None;
        if self.secret {
            let secret = client_secret(desk.random.bytes());
            consumer.secrets.insert(0, sealed(SharedSecret::Client(&client.id), &secret, &desk.sealer, &*desk.random)?);
            consumer.secrets.truncate(2);
            shown = Some(secret);
        }
        // Whatever was opened of the record before is none of this one's.
        consumer.opened = Opened::default();
        client.oauth1 = Some(consumer);
        if client.auth_method == AuthMethod::None {
            client.auth_method = AuthMethod::Signature;
        }
        Ok(shown)
    }
}

/// A shared secret as its record keeps it.
///
/// # Errors
/// `KH0601` when it cannot be sealed.
pub(crate) fn sealed(of: SharedSecret<'_>, secret: &Secret<String>, sealer: &Sealer, random: &dyn Random) -> Result<Vec<u8>, Failure> {
    of.seal(secret, sealer, random)
        .map_err(|error| Failure::new("KH0601", Exit::Failed, format!("a shared secret cannot be sealed: {error}")))
}

fn no_rsa_key() -> Failure {
    Failure::new("KH0303", Exit::Usage, "the file of --rsa-key holds no public RSA key of 2048 to 8192 bits")
        .help("it is one block `-----BEGIN PUBLIC KEY-----`: openssl rsa -in private.pem -pubout")
}
