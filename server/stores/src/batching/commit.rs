//! One group: lock, decide, write; again if another writer came between; then the answers.

use std::collections::BTreeMap;

use keyhook_component::batch::{Applied, Operation};
use keyhook_component::record::{Key, Kind};

use super::decide::{Locked, decide};
use super::{Database, Transaction, Trouble, Write};
use crate::failure::Failure;

/// How often a group is begun before its callers are told to try later. Each new beginning means that another node got on.
const ATTEMPTS: usize = 8;

/// Commits a group and answers its callers.
pub(super) async fn group<D: Database>(database: &D, group: Vec<Write>) {
    let decided = {
        let batches: Vec<&[Operation]> = group.iter().map(|write| write.operations.as_slice()).collect();
        decide_and_commit(database, &batches).await
    };
    for (index, Write { held, answer, .. }) in group.into_iter().enumerate() {
        // Whoever waits above for the write's end hears of it first, even if the caller has gone.
        drop(held);
        let applied = match &decided {
            Ok(decided) => decided.get(index).copied().ok_or_else(Failure::ended),
            Err(failure) => Err(failure.clone()),
        };
        // A caller that has gone needs no answer.
        drop(answer.send(applied));
    }
}

async fn decide_and_commit<D: Database>(database: &D, batches: &[&[Operation]]) -> Result<Vec<Applied>, Failure> {
    let mut trust = Trust::NewIds;
    let mut attempts = 0;
    loop {
        match attempt(database, batches, trust).await {
            Ok(decided) => return Ok(decided),
            Err(Trouble::Final(failure)) => return Err(failure),
            Err(Trouble::Again(failure)) => {
                attempts += 1;
                if attempts == ATTEMPTS {
                    return Err(failure);
                }
                trust = Trust::Nothing;
            }
        }
    }
}

/// What is believed without a look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// That a new id is free, as all but one in millions are: what only inserts such needs no look, and is one round trip.
    NewIds,
    /// Nothing.
    Nothing,
}

async fn attempt<D: Database>(database: &D, batches: &[&[Operation]], trust: Trust) -> Result<Vec<Applied>, Trouble> {
    let mut transaction = database.begin().await?;
    let mut locked = Locked::new();
    for (kind, keys) in to_lock(batches, trust) {
        for (key, known) in transaction.lock(kind, &keys).await? {
            locked.insert((kind, key), known);
        }
    }
    let (decided, changes) = decide(batches, &locked);
    transaction.commit(&changes).await?;
    Ok(decided)
}

/// What to lock, in the order in which every writer locks, so that two seldom wait for each other.
fn to_lock<'a>(batches: &[&'a [Operation]], trust: Trust) -> BTreeMap<Kind, Vec<&'a Key>> {
    let mut wanted: BTreeMap<Kind, Vec<&Key>> = BTreeMap::new();
    for operation in batches.iter().copied().flatten() {
        let (kind, key) = operation.target();
        let new = matches!(operation, Operation::Insert(_)) && kind.is_issued();
        if !new || trust == Trust::Nothing {
            wanted.entry(kind).or_default().push(key);
        }
    }
    for keys in wanted.values_mut() {
        keys.sort_unstable_by(|one, other| super::decide::order(one, other));
        keys.dedup();
    }
    wanted
}
