//! From a batch to what Redis is told: one command for one record, one script for several, both atomic.

use std::time::Duration;

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::StoreError;
use keyhook_core::time::Timestamp;
use redis::{Cmd, RedisResult};

use super::Server;
use super::failure;
use super::place::{Place, is_indexed};
use crate::packed::{HEAD, head, pack};

/// How much longer Redis keeps what has ended: clocks differ, and nothing is dropped on the edge.
const SLACK: Duration = Duration::from_hours(1);
/// Beyond this nothing is given an end: Redis counts in 64 bits of milliseconds.
const FOR_EVER: Duration = Duration::from_hours(24 * 366 * 500);

/// Writes all of it, or nothing.
///
/// # Errors
/// When Redis does not answer: then it is not known whether the batch was written.
pub(super) async fn write(server: &Server, operations: &[Operation]) -> Result<Applied, StoreError> {
    // What is named by a hash has no route: in a cluster it is written after the rest of its batch.
    let (later, first): (Vec<usize>, Vec<usize>) =
        (0..operations.len()).partition(|index| server.link.is_cluster() && operations[*index].target().0 == Kind::HashedToken);
    let chosen: Vec<&Operation> = first.iter().map(|index| &operations[*index]).collect();
    if let Applied::Refused { operation, why } = together(server, &chosen).await? {
        return Ok(Applied::Refused { operation: first[operation], why });
    }
    for operation in later {
        if let Applied::Refused { why, .. } = together(server, &[&operations[operation]]).await? {
            return Ok(Applied::Refused { operation, why });
        }
    }
    Ok(Applied::Applied)
}

/// Writes records of one place.
async fn together(server: &Server, operations: &[&Operation]) -> Result<Applied, StoreError> {
    let mut places = operations.iter().map(|operation| operation.target()).filter(|(kind, _)| *kind != Kind::HashedToken);
    let Some((kind, key)) = places.next().or_else(|| operations.first().map(|operation| operation.target())) else {
        return Ok(Applied::Applied);
    };
    if places.any(|(other, name)| Place::of(other, name) != Place::of(kind, key)) {
        return Err(failure::scattered());
    }
    let said = match operations {
        [Operation::Insert(record)] if !is_indexed(kind) => insert(server, record).await,
        [Operation::Delete { .. }] if !is_indexed(kind) => delete(server, kind, key).await,
        _ => script(server, operations).await,
    };
    said.map_err(|error| failure::of(&server.shown, &error))
}

async fn insert(server: &Server, record: &Record) -> RedisResult<Applied> {
    let mut command = redis::cmd("SET");
    command.arg(server.keys.of(record.kind, &record.key)).arg(pack(record)).arg("NX");
    if let Some(life) = life(record, server.clock.now()) {
        command.arg("PX").arg(millis(life));
    }
    let written: Option<String> = server.link.ask(&command).await?;
    Ok(if written.is_some() { Applied::Applied } else { Applied::Refused { operation: 0, why: Why::Exists } })
}

async fn delete(server: &Server, kind: Kind, key: &Key) -> RedisResult<Applied> {
    let _: u64 = server.link.ask(redis::cmd("UNLINK").arg(server.keys.of(kind, key))).await?;
    Ok(Applied::Applied)
}

async fn script(server: &Server, operations: &[&Operation]) -> RedisResult<Applied> {
    let indexed = operations.iter().any(|operation| is_indexed(operation.target().0));
    let stride = if indexed { 3 } else { 1 };
    let now = server.clock.now();
    let (said, why): (i64, String) = server
        .run(&server.apply, |command| {
            command.arg(operations.len() * stride);
            for operation in operations {
                let (kind, key) = operation.target();
                command.arg(server.keys.of(kind, key));
                if indexed {
                    command.arg(server.keys.names(kind)).arg(server.keys.ends(kind));
                }
            }
            command.arg(stride);
            for operation in operations {
                describe(command, operation, now);
            }
        })
        .await?;
    let Ok(operation) = usize::try_from(said) else { return Ok(Applied::Applied) };
    Ok(Applied::Refused { operation, why: reason(&why) })
}

/// The six arguments of an operation.
fn describe(command: &mut Cmd, operation: &Operation, now: Timestamp) {
    let name = match operation.target() {
        (kind, Key::Named(name)) if is_indexed(kind) => name,
        _ => &Box::default(),
    };
    let record = |command: &mut Cmd, verb: &str, record: &Record| {
        let packed = pack(record);
        let (first, tail) = packed.split_at(HEAD);
        let life = life(record, now).map(|life| millis(life).to_string()).unwrap_or_default();
        let ends = if record.expires_at == Timestamp::MAX { String::new() } else { record.expires_at.millis().to_string() };
        command.arg(verb).arg(first).arg(tail).arg(life).arg(&**name).arg(ends);
    };
    match operation {
        Operation::Insert(inserted) => record(command, "I", inserted),
        Operation::Put(put) => record(command, "P", put),
        Operation::Replace(replaced) => record(command, "R", replaced),
        Operation::Take { version, body, .. } => {
            let verb = if body.is_some() { "B" } else { "T" };
            let body = body.as_deref().unwrap_or_default();
            command.arg(verb).arg(&head(State::Live, *version)).arg(body).arg("").arg(&**name).arg("");
        }
        Operation::Delete { .. } => {
            command.arg("D").arg("").arg("").arg("").arg(&**name).arg("");
        }
    }
}

fn reason(letter: &str) -> Why {
    match letter {
        "E" => Why::Exists,
        "S" => Why::Spent,
        "C" => Why::Changed,
        _ => Why::Absent,
    }
}

/// How long Redis keeps a record; `None` for as long as the purge lets it. A spent code or refresh token tells a late replay until its
/// grant ends, which its own record does not say; the directory's indexes are kept true by the purge.
fn life(record: &Record, now: Timestamp) -> Option<Duration> {
    if matches!(record.kind, Kind::Code | Kind::RefreshToken) || is_indexed(record.kind) {
        return None;
    }
    let life = now.until(record.expires_at);
    (life < FOR_EVER).then(|| life + SLACK)
}

fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::{NOW, code, id, record};

    #[test]
    fn redis_frees_by_itself_only_what_no_rule_needs_after_its_end() {
        let hour = Duration::from_hours(1);
        let ends = |record: Record| life(&Record { expires_at: NOW.plus(hour), ..record }, NOW);
        assert_eq!(ends(record(Kind::AccessToken, id(1))), Some(hour + SLACK));
        assert_eq!(ends(record(Kind::Once, Key::named("n"))), Some(hour + SLACK));
        assert_eq!(ends(code(1)), None);
        assert_eq!(ends(record(Kind::RefreshToken, id(1))), None);
        assert_eq!(ends(record(Kind::Client, Key::named("shop"))), None);
        let past = Record { expires_at: Timestamp::ZERO, ..record(Kind::Session, id(1)) };
        assert_eq!(life(&past, NOW), Some(SLACK));
        assert_eq!(life(&Record { expires_at: Timestamp::MAX, ..past }, NOW), None);
    }
}
