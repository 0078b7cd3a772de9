//! Writes a token that lives on: the grant that it never had, its secret sealed, and its name as a hash. What is there already stays as it is.

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::hooks::PluginData;
use keyhook_component::record::Key;
use keyhook_component::records::{Body, ForeignCredential, Grant, SharedSecret, Stored, TokenCredential};
use keyhook_component::store::Lookup;
use keyhook_core::id::RecordId;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;

use super::destination::Destination;
use super::report::Outcome;
use super::token::Kept;
use crate::failure::{Exit, Failure};

/// How often it is tried anew.
const ROUNDS: usize = 3;

/// Writes what is not there yet, in one batch.
///
/// # Errors
/// When a store does not answer; `KH0601` when the secret cannot be sealed.
pub(super) async fn write(kept: &Kept, to: &Destination) -> Result<Outcome, Failure> {
    let name = ForeignCredential::key(kept.old.key.expose());
    for _ in 0..ROUNDS {
        if !matches!(to.records.read::<ForeignCredential>(&name).await?, Lookup::Absent) {
            return Ok(Outcome::AlreadyThere);
        }
        // `Refused`: somebody else imports at the same time, or an id was taken.
        if to.dry || to.records.apply(batch(kept, &name, to)?).await? == Applied::Applied {
            return Ok(Outcome::Imported);
        }
    }
    let why = "somebody else writes the same tokens at this moment";
    Err(Failure::new("KH0481", Exit::Failed, why).help("run the import again"))
}

fn batch(kept: &Kept, name: &Key, to: &Destination) -> Result<Batch, Failure> {
    let now = to.now();
    let grant = RecordId::new(now, to.draw());
    let ends_at = now.plus(to.grant_lives);
    let scope = kept.client.default_scope.clone();
    // When the user signed in nobody knows any more: long ago is the safe answer.
    let permission = Grant { scope: scope.clone(), auth_time: Timestamp::ZERO, acr: None, amr: Vec::new(), data: PluginData::new() };
    let id = RecordId::beside(grant, now, to.draw());
    let key = Key::Issued(id);
    let secret = to.sealed(SharedSecret::Token(&key), &kept.old.secret)?;
    let token = TokenCredential { hash: SecretHash::of(kept.old.key.expose().as_bytes()), secret, scope };
    let named = ForeignCredential { token: id };
    Ok(Batch::new()
        .with(owned(Key::Issued(grant), ends_at, permission, kept, grant).insert()?)
        .with(owned(key, kept.ends_at, token, kept, grant).insert()?)
        .with(owned(name.clone(), kept.ends_at, named, kept, grant).insert()?))
}

fn owned<T: Body>(key: Key, ends_at: Timestamp, body: T, kept: &Kept, grant: RecordId) -> Stored<T> {
    Stored::new(key, ends_at, body).of_grant(grant).of_client(kept.client.id.as_str()).of_subject(Some(kept.old.user.clone()))
}
