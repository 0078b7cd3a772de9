//! The keys that sign JWTs, as operators see and change them. The keys themselves are made by the server when it needs them.

use keyhook_component::records::{SigningRing, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::signing_ring::KeyState;
use keyhook_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Desk, changed_meanwhile};
use crate::failure::{Exit, Failure};

/// Every key, without what signs.
pub(crate) async fn list(desk: &Desk) -> Result<Value, Failure> {
    Ok(read(desk).await?.map_or_else(|| json!([]), |ring| shown(&ring.body)))
}

/// Makes the present key due for its successor, which is published at the next use and signs `signing_ahead` later.
pub(crate) async fn rotate(desk: &Desk) -> Result<Value, Failure> {
    let mut ring = read(desk).await?.ok_or_else(none)?;
    for key in ring.body.keys.iter_mut().filter(|key| key.state == KeyState::Current) {
        key.since = Timestamp::ZERO;
    }
    let answer = shown(&ring.body);
    desk.write(vec![ring.replace()?], || changed_meanwhile("the signing keys")).await?;
    desk.audit("signing keys: the present one is to be followed".to_owned(), None, None);
    Ok(answer)
}

/// Gives every key up: JWTs that they signed are refused from now on, and new keys are made at the next use.
pub(crate) async fn reset(desk: &Desk) -> Result<Value, Failure> {
    let ring = read(desk).await?.ok_or_else(none)?;
    desk.write(vec![ring.delete()], || changed_meanwhile("the signing keys")).await?;
    desk.audit("signing keys: all given up".to_owned(), None, None);
    Ok(json!({ "given_up": ring.body.keys.len() }))
}

async fn read(desk: &Desk) -> Result<Option<Stored<SigningRing>>, Failure> {
    Ok(match desk.records.read::<SigningRing>(&SigningRing::key()).await? {
        Lookup::Live(ring) => Some(Stored::clone(&ring)),
        Lookup::Spent(_) | Lookup::Absent => None,
    })
}

fn none() -> Failure {
    Failure::new("KH0607", Exit::NotFound, "there are no signing keys: no JWT has been asked for yet")
        .help("they are made by themselves when [tokens] format, or a client's policy, is `jwt`")
}

fn shown(ring: &SigningRing) -> Value {
    let key = |key: &keyhook_component::records::SigningKey| json!({ "kid": key.kid, "algorithm": key.algorithm, "state": key.state, "since": key.since.seconds() });
    ring.keys.iter().map(key).collect()
}
