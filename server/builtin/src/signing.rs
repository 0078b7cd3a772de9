//! The keys that sign JWTs: made when first needed, exchanged when due, the same on all nodes because they are one record.

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::record::Kind;
use keyhook_component::records::{SigningKey, SigningRing, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::crypto::PrivateKey;
use keyhook_core::error::OAuthError;
use keyhook_core::jwt::{AccessTokenWriter, JwkSet};
use keyhook_core::signing_ring::{Due, KeyAge, KeyState, Rotation};
use keyhook_core::time::Timestamp;

use crate::token_kh;

/// What is made of the ring once it is read.
pub(crate) struct Keys {
    /// Signs with the current key.
    pub(crate) writer: AccessTokenWriter,
    /// Every key that is published: those that sign, will sign, or have signed what may still live.
    pub(crate) set: JwkSet,
}

/// As many steps as bring any ring up to date: drop, make, promote, and once more for a race with another node.
const MOST_STEPS: usize = 8;

/// The keys as they are due now.
///
/// # Errors
/// `server_error` (`KH0268`) when a key cannot be opened; `temporarily_unavailable` or `server_error` when the store does not answer.
pub(crate) async fn keys(context: &Context) -> Result<Arc<Keys>, OAuthError> {
    let rotation = &context.settings.tokens.rotation;
    for _ in 0..MOST_STEPS {
        let now = context.now();
        let found = match context.records.get::<SigningRing>(&SigningRing::key()).await? {
            Lookup::Live(found) => Some(found),
            Lookup::Spent(_) | Lookup::Absent => None,
        };
        let due = found.as_ref().map_or(Due::Make(KeyState::Current), |found| rotation.due(&ages(&found.body), now));
        match (due, &found) {
            (Due::Nothing, Some(found)) => return opened(found, context),
            _ => step(due, found.as_deref(), rotation, context).await?,
        }
    }
    Err(OAuthError::temporarily_unavailable(1).with_cause("the signing keys changed at every look"))
}

/// The keys that are published; none where no JWT was ever asked for.
///
/// # Errors
/// As [`keys`].
pub(crate) async fn published(context: &Context) -> Result<JwkSet, OAuthError> {
    match context.records.get::<SigningRing>(&SigningRing::key()).await? {
        Lookup::Live(_) => Ok(keys(context).await?.set.clone()),
        Lookup::Spent(_) | Lookup::Absent => Ok(JwkSet::default()),
    }
}

fn ages(ring: &SigningRing) -> Vec<KeyAge> {
    ring.keys.iter().map(|key| KeyAge { algorithm: key.algorithm, state: key.state, since: key.since }).collect()
}

/// Does one thing that is due. Another node may be faster; then the ring is read again, and its step counts.
async fn step(due: Due, found: Option<&Stored<SigningRing>>, rotation: &Rotation, context: &Context) -> Result<(), OAuthError> {
    let now = context.now();
    let mut changed = found.cloned().unwrap_or_else(|| Stored::new(SigningRing::key(), Timestamp::MAX, SigningRing::default()));
    match due {
        Due::Nothing => return Ok(()),
        Due::Make(state) => changed.body.keys.push(make(rotation, state, context).await?),
        Due::Promote(next) => {
            for (index, key) in changed.body.keys.iter_mut().enumerate() {
                let state = if index == next {
                    KeyState::Current
                } else if key.state == KeyState::Current {
                    KeyState::Retired
                } else {
                    continue;
                };
                (key.state, key.since) = (state, now);
            }
        }
        Due::Drop(index) => drop(changed.body.keys.remove(index)),
    }
    let write = if found.is_some() { changed.replace()? } else { changed.insert()? };
    if context.records.apply(Batch::new().with(write)).await? == Applied::Applied {
        tracing::info!(event = "signing_keys", step = ?due, algorithm = rotation.algorithm.name(), "the signing keys have changed");
    }
    Ok(())
}

async fn make(rotation: &Rotation, state: KeyState, context: &Context) -> Result<SigningKey, OAuthError> {
    let algorithm = rotation.algorithm;
    let failed = |what: &dyn std::fmt::Display| OAuthError::server_error(format!("making a signing key: {what}"));
    // RSA looks for primes, which takes longer than a request may hold a thread.
    let made = tokio::task::spawn_blocking(move || PrivateKey::generate(algorithm)).await;
    let pkcs8 = made.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let kid = AccessTokenWriter::new(algorithm, pkcs8.expose()).map_err(|error| failed(&error))?.jwk().kid.clone();
    let sealed = context
        .sealer
        .seal(Kind::SigningKey.name(), &SigningRing::key().to_bytes(), &kid, pkcs8.expose(), &context.random.bytes())
        .map_err(|error| failed(&error))?;
    Ok(SigningKey { kid, algorithm, state, since: context.now(), sealed })
}

/// What was made of the ring, or is made now and remembered with it.
fn opened(found: &Stored<SigningRing>, context: &Context) -> Result<Arc<Keys>, OAuthError> {
    if let Some(keys) = found.body.opened.get().and_then(|opened| Arc::clone(opened).downcast::<Keys>().ok()) {
        return Ok(keys);
    }
    let mut writer = None;
    let mut set = Vec::with_capacity(found.body.keys.len());
    for key in &found.body.keys {
        let own = open(key, context)?;
        set.push(own.jwk().clone());
        if key.state == KeyState::Current {
            writer = Some(own);
        }
    }
    let writer = writer.ok_or_else(|| OAuthError::server_error("the ring has no current signing key"))?;
    let keys = Arc::new(Keys { writer, set: JwkSet::new(set) });
    // Whoever was faster made the same.
    let _ = found.body.opened.set(Arc::clone(&keys) as Arc<_>);
    Ok(keys)
}

fn open(key: &SigningKey, context: &Context) -> Result<AccessTokenWriter, OAuthError> {
    let failed = |what: &dyn std::fmt::Display| {
        OAuthError::server_error(format!("the signing key {} cannot be opened: {what}", key.kid)).with_kh(token_kh::SIGNING_KEY)
    };
    let pkcs8 = context
        .sealer
        .open(Kind::SigningKey.name(), &SigningRing::key().to_bytes(), &key.kid, &key.sealed)
        .map_err(|error| failed(&error))?;
    AccessTokenWriter::new(key.algorithm, pkcs8.expose()).map_err(|error| failed(&error))
}
