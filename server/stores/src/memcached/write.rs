//! Writes by compare and swap: of all who change a record at once, one is told that it did.
//!
//! memcached changes one record at a time. A batch is looked at as a whole first; then its first operation, the guard, is decided alone,
//! and the others follow. What ends in between loses what was being issued, and issues nothing twice.

use std::time::Duration;

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::StoreError;
use keyhook_core::time::Timestamp;
use memcache::exp::{Meta, MutationStatus, Set, Ttl};

use super::Server;
use super::failure;
use crate::packed::{pack, unpack};

/// How much longer memcached keeps what has ended: clocks differ.
const SLACK: Duration = Duration::from_hours(1);
/// Beyond ten years a record is given no end: memcached counts the seconds since 1970, in 32 bits.
const LONGEST: u64 = 10 * 366 * 24 * 3600;

/// What an operation comes to, given what is stored: nothing to do, a record to store, or a refusal.
enum Outcome {
    Store(Record),
    Delete,
    Refuse(Why),
}

/// Writes the batch, the guard first.
///
/// # Errors
/// When memcached does not answer: then it is not known how much of the batch was written.
pub(super) async fn write(server: &Server, operations: &[Operation]) -> Result<Applied, StoreError> {
    for (index, operation) in operations.iter().enumerate().skip(1) {
        let (kind, key) = operation.target();
        let touched_before = operations[..index].iter().any(|earlier| earlier.target() == (kind, key));
        if !touched_before && let Outcome::Refuse(why) = decide(operation, find(server, kind, key).await?.map(|(record, _)| record)) {
            return Ok(Applied::Refused { operation: index, why });
        }
    }
    for (index, operation) in operations.iter().enumerate() {
        if let Some(why) = one(server, operation).await? {
            return Ok(Applied::Refused { operation: index, why });
        }
    }
    Ok(Applied::Applied)
}

/// The record under a key, and the stamp that the next write of it names.
///
/// # Errors
/// When memcached does not answer or holds something else.
pub(super) async fn find(server: &Server, kind: Kind, key: &Key) -> Result<Option<(Record, u64)>, StoreError> {
    let found = server.client.get(server.key(kind, key)).meta(Meta::default().cas()).send().await;
    let found = found.map_err(|error| failure::of(&server.shown, &error))?;
    let Some(bytes) = found.value else { return Ok(None) };
    let stamp = found.item.cas.ok_or_else(|| StoreError::Unusable("memcached gave no stamp with a record".to_owned()))?;
    Ok(Some((unpack(kind, key, &bytes)?, stamp)))
}

/// Applies one operation; says why not.
async fn one(server: &Server, operation: &Operation) -> Result<Option<Why>, StoreError> {
    let (kind, key) = operation.target();
    let failed = |error| failure::of(&server.shown, &error);
    if let Operation::Insert(record) = operation {
        let told = server.client.run(set(server, record).add()).await.map_err(failed)?;
        return Ok((told.status != MutationStatus::Applied).then_some(Why::Exists));
    }
    if let Operation::Delete { .. } = operation {
        server.client.delete(server.key(kind, key)).send().await.map_err(failed)?;
        return Ok(None);
    }
    // Whoever loses looks again: each turn somebody has won.
    loop {
        let found = find(server, kind, key).await?;
        let stamp = found.as_ref().map(|(_, stamp)| *stamp);
        let record = match decide(operation, found.map(|(record, _)| record)) {
            Outcome::Refuse(why) => return Ok(Some(why)),
            Outcome::Delete => return Ok(None),
            Outcome::Store(record) => record,
        };
        let set = set(server, &record);
        let set = stamp.map_or_else(|| set.clone().add(), |stamp| set.clone().compare_cas(stamp));
        if server.client.run(set).await.map_err(failed)?.status == MutationStatus::Applied {
            return Ok(None);
        }
    }
}

fn decide(operation: &Operation, stored: Option<Record>) -> Outcome {
    match operation {
        Operation::Insert(_) if stored.is_some() => Outcome::Refuse(Why::Exists),
        Operation::Insert(record) => Outcome::Store(record.clone()),
        Operation::Put(record) => Outcome::Store(stored.map_or_else(|| record.clone(), |stored| succeed(&stored, record))),
        Operation::Replace(record) => match stored {
            None => Outcome::Refuse(Why::Absent),
            Some(stored) if stored.version != record.version => Outcome::Refuse(Why::Changed),
            Some(stored) => Outcome::Store(succeed(&stored, record)),
        },
        Operation::Take { version, body, .. } => match stored {
            None => Outcome::Refuse(Why::Absent),
            Some(stored) if stored.state == State::Spent => Outcome::Refuse(Why::Spent),
            Some(stored) if stored.version != *version => Outcome::Refuse(Why::Changed),
            Some(stored) => {
                let body = body.clone().unwrap_or_else(|| stored.body.clone());
                Outcome::Store(Record { state: State::Spent, version: version.wrapping_add(1), body, ..stored })
            }
        },
        Operation::Delete { .. } => Outcome::Delete,
    }
}

/// What overwrites a record: the version grows, and spent is final.
fn succeed(stored: &Record, record: &Record) -> Record {
    let state = if stored.state == State::Spent { State::Spent } else { record.state };
    Record { state, version: stored.version.wrapping_add(1), ..record.clone() }
}

fn set(server: &Server, record: &Record) -> Set {
    Set::new(server.key(record.kind, &record.key), pack(record)).ttl(life(record, server.clock.now(), server.longest()))
}

/// How long memcached keeps a record, if it has the room. A spent code or refresh token is kept as long as a grant may live, which the
/// first purge says.
fn life(record: &Record, now: Timestamp, longest: Option<Duration>) -> Ttl {
    let life = match record.kind {
        Kind::Code | Kind::RefreshToken => longest,
        _ => Some(now.until(record.expires_at)),
    };
    let seconds = life.map(|life| life.saturating_add(SLACK).as_secs()).filter(|seconds| *seconds < LONGEST);
    seconds.and_then(|seconds| u32::try_from(seconds).ok()).map_or(Ttl::NEVER, Ttl::secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::{NOW, code, id, record};

    #[test]
    fn a_record_is_kept_until_it_has_ended_and_a_code_as_long_as_a_grant() {
        let hour = Duration::from_hours(1);
        let session = Record { expires_at: NOW.plus(hour), ..record(Kind::Session, id(1)) };
        assert_eq!(life(&session, NOW, None), Ttl::secs(7200));
        assert_eq!(life(&Record { expires_at: Timestamp::MAX, ..session.clone() }, NOW, None), Ttl::NEVER);
        assert_eq!(life(&Record { expires_at: Timestamp::ZERO, ..session }, NOW, None), Ttl::secs(3600));
        assert_eq!(life(&code(1), NOW, None), Ttl::NEVER);
        assert_eq!(life(&code(1), NOW, Some(hour * 24 * 90)), Ttl::secs(90 * 24 * 3600 + 3600));
    }
}
