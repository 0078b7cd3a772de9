//! Shared secrets as records keep them: sealed and not hashed, because what verifies a signature has to read them back (RFC 5849 §3.4).

use keyhook_core::crypto::{SealError, Sealer};
use keyhook_core::secret::Secret;

use crate::record::{Key, Kind};
use crate::system::Random;

/// What a sealed secret is bound to, besides kind and key of its record.
const OF_CLIENT: &str = "oauth1_secret";
const OF_CREDENTIALS: &str = "secret";

/// Whose shared secret it is. What was sealed for one opens for no other.
#[derive(Clone, Copy, Debug)]
pub enum SharedSecret<'a> {
    /// A client's, by its id.
    Client(&'a str),
    /// That of temporary credentials, by the key of their record.
    Temporary(&'a Key),
    /// That of token credentials, by the key of their record.
    Token(&'a Key),
}

impl SharedSecret<'_> {
    fn place(self) -> (&'static str, Vec<u8>, &'static str) {
        match self {
            Self::Client(id) => (Kind::Client.name(), Key::named(id).to_bytes(), OF_CLIENT),
            Self::Temporary(key) => (Kind::TemporaryCredential.name(), key.to_bytes(), OF_CREDENTIALS),
            Self::Token(key) => (Kind::TokenCredential.name(), key.to_bytes(), OF_CREDENTIALS),
        }
    }

    /// What its record keeps.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal(self, secret: &Secret<String>, sealer: &Sealer, random: &dyn Random) -> Result<Vec<u8>, SealError> {
        let (kind, key, field) = self.place();
        sealer.seal(kind, &key, field, secret.expose().as_bytes(), &random.bytes())
    }

    /// What its record kept.
    ///
    /// # Errors
    /// As [`Sealer::open`]; [`SealError::Malformed`] for what is not text.
    pub fn open(self, blob: &[u8], sealer: &Sealer) -> Result<Secret<String>, SealError> {
        let (kind, key, field) = self.place();
        let opened = sealer.open(kind, &key, field, blob)?;
        String::from_utf8(opened.into_inner()).map(Secret::new).map_err(|_| SealError::Malformed)
    }
}
