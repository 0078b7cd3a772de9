//! Writes a token that lives on: the grant that it never had, its secret sealed, and its name as a hash. What is there already stays as it is.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::hooks::PluginData;
use keyhook_component::record::{Key, Kind};
use keyhook_component::records::{Body, ForeignCredential, Grant, Records, Stored, TokenCredential};
use keyhook_component::store::Lookup;
use keyhook_component::system::{Clock, Random};
use keyhook_core::client::CONSUMER_SECRET;
use keyhook_core::crypto::Sealer;
use keyhook_core::id::RecordId;
use keyhook_core::secret::{Secret, SecretHash};
use keyhook_core::time::Timestamp;

use super::report::Outcome;
use super::token::Kept;
use crate::failure::{Exit, Failure};

/// What writing needs.
pub(super) struct Writer {
    pub(super) records: Records,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) sealer: Sealer,
    /// How long a grant lives that begins now.
    pub(super) grant_lives: Duration,
    /// Only looks.
    pub(super) dry: bool,
}

/// How often it is tried anew.
const ROUNDS: usize = 3;

impl Writer {
    /// Writes what is not there yet, in one batch.
    ///
    /// # Errors
    /// When a store does not answer; `KH0601` when the secret cannot be sealed.
    pub(super) async fn write(&self, kept: Kept) -> Result<Outcome, Failure> {
        let name = ForeignCredential::key(kept.old.key.expose());
        for _ in 0..ROUNDS {
            if !matches!(self.records.read::<ForeignCredential>(&name).await?, Lookup::Absent) {
                return Ok(Outcome::AlreadyThere);
            }
            // `Refused`: somebody else imports at the same time, or an id was taken.
            if self.dry || self.records.apply(self.batch(&kept, &name)?).await? == Applied::Applied {
                return Ok(Outcome::Imported);
            }
        }
        let why = "somebody else writes the same tokens at this moment";
        Err(Failure::new("KH0481", Exit::Failed, why).help("run the import again"))
    }

    fn batch(&self, kept: &Kept, name: &Key) -> Result<Batch, Failure> {
        let now = self.clock.now();
        let grant = RecordId::new(now, self.draw());
        let ends_at = now.plus(self.grant_lives);
        let scope = kept.client.default_scope.clone();
        // When the user signed in nobody knows any more: long ago is the safe answer.
        let permission = Grant { scope: scope.clone(), auth_time: Timestamp::ZERO, acr: None, amr: Vec::new(), data: PluginData::new() };
        let id = RecordId::beside(grant, now, self.draw());
        let key = Key::Issued(id);
        let secret = self.seal(Kind::TokenCredential, &key, TokenCredential::SECRET, &kept.old.secret)?;
        let token = TokenCredential { hash: SecretHash::of(kept.old.key.expose().as_bytes()), secret, scope };
        let named = ForeignCredential { token: id };
        Ok(Batch::new()
            .with(owned(Key::Issued(grant), ends_at, permission, kept, grant).insert()?)
            .with(owned(key, kept.ends_at, token, kept, grant).insert()?)
            .with(owned(name.clone(), kept.ends_at, named, kept, grant).insert()?))
    }

    /// A consumer's secret as its client's record keeps it.
    ///
    /// # Errors
    /// `KH0601` when it cannot be sealed.
    pub(super) fn seal_consumer(&self, key: &Key, secret: &Secret<String>) -> Result<Vec<u8>, Failure> {
        self.seal(Kind::Client, key, CONSUMER_SECRET, secret)
    }

    fn seal(&self, kind: Kind, key: &Key, field: &str, secret: &Secret<String>) -> Result<Vec<u8>, Failure> {
        let sealed = self.sealer.seal(kind.name(), &key.to_bytes(), field, secret.expose().as_bytes(), &self.random.bytes());
        sealed.map_err(|error| Failure::new("KH0601", Exit::Failed, format!("a shared secret cannot be sealed: {error}")))
    }

    fn draw(&self) -> u32 {
        u32::from_be_bytes(self.random.bytes())
    }
}

fn owned<T: Body>(key: Key, ends_at: Timestamp, body: T, kept: &Kept, grant: RecordId) -> Stored<T> {
    Stored::new(key, ends_at, body).of_grant(grant).of_client(kept.client.id.as_str()).of_subject(Some(kept.old.user.clone()))
}
