//! What people are shown: by the sorted set of names for the directory, by a walk over all keys for the rest.

use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::store::{Index, Page, StoreError};
use redis::{Cmd, RedisResult};

use super::Server;
use super::failure;
use super::link::Node;
use super::place::is_indexed;
use crate::packed::unpack;

/// How many records are read at once.
const CHUNK: usize = 500;
/// How many keys Redis looks at per step of a walk: a fraction of a millisecond.
const STEP: usize = 1000;

/// The records of a page, in key order.
///
/// # Errors
/// When Redis does not answer, or holds something else under keyhook's keys.
pub(super) async fn list(server: &Server, kind: Kind, index: &Index, page: Page) -> Result<Vec<Record>, StoreError> {
    if is_indexed(kind) {
        return named(server, kind, index, page).await;
    }
    let mut keys = walk_over(server, kind).await.map_err(|error| failure::of(&server.shown, &error))?;
    keys.retain(|key| page.after.as_ref().is_none_or(|after| key.to_bytes() > after.to_bytes()));
    keys.sort_by_cached_key(Key::to_bytes);
    keys.dedup();
    let mut shown = Vec::new();
    for chunk in keys.chunks(CHUNK.min(page.limit.max(1))) {
        if shown.len() == page.limit {
            break;
        }
        add(server, kind, index, chunk, page.limit, &mut shown).await?;
    }
    Ok(shown)
}

async fn named(server: &Server, kind: Kind, index: &Index, page: Page) -> Result<Vec<Record>, StoreError> {
    let mut shown = Vec::new();
    let mut after = page.after;
    while shown.len() < page.limit {
        let from = after.as_ref().map_or_else(|| b"-".to_vec(), |key| [b"(", key.to_bytes().as_slice()].concat());
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(server.keys.names(kind)).arg(from).arg("+").arg("LIMIT").arg(0).arg(CHUNK.min(page.limit));
        let names: Vec<Vec<u8>> = server.link.ask(&command).await.map_err(|error| failure::of(&server.shown, &error))?;
        let keys: Vec<Key> = names.into_iter().map(Key::named).collect();
        let Some(last) = keys.last() else { break };
        after = Some(last.clone());
        add(server, kind, index, &keys, page.limit, &mut shown).await?;
    }
    Ok(shown)
}

/// Adds the records under `keys` that the index asks for, until there are `limit`.
async fn add(server: &Server, kind: Kind, index: &Index, keys: &[Key], limit: usize, shown: &mut Vec<Record>) -> Result<(), StoreError> {
    let mut reading = tokio::task::JoinSet::new();
    for (position, key) in keys.iter().enumerate() {
        let (link, command) = (server.link.clone(), get(server, kind, key));
        reading.spawn(async move { (position, link.ask::<Option<Vec<u8>>>(&command).await) });
    }
    let mut read = reading.join_all().await;
    read.sort_by_key(|(position, _)| *position);
    for (position, answer) in read {
        let Some(bytes) = answer.map_err(|error| failure::of(&server.shown, &error))? else { continue };
        let record = unpack(kind, &keys[position], &bytes)?;
        let asked = match index {
            Index::All => true,
            Index::Client(client) => record.client.as_ref() == Some(client),
            Index::Subject(subject) => record.subject.as_ref() == Some(subject),
        };
        if asked && shown.len() < limit {
            shown.push(record);
        }
    }
    Ok(())
}

pub(super) fn get(server: &Server, kind: Kind, key: &Key) -> Cmd {
    let mut command = redis::cmd("GET");
    command.arg(server.keys.of(kind, key));
    command
}

/// The key of every record of a kind, in no order; one may come twice.
async fn walk_over(server: &Server, kind: Kind) -> RedisResult<Vec<Key>> {
    let pattern = server.keys.pattern(kind);
    let mut found = Vec::new();
    for node in server.link.nodes().await? {
        let mut cursor = 0;
        loop {
            let (next, keys) = step(server, &node, cursor, &pattern).await?;
            found.extend(keys.iter().filter_map(|text| server.keys.parse(text)).map(|(_, key)| key));
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    Ok(found)
}

/// One step of a walk over the keys of a server: where to go on, 0 for the end, and what was found.
///
/// # Errors
/// When the server does not answer.
pub(super) async fn step(server: &Server, node: &Node, cursor: u64, pattern: &str) -> RedisResult<(u64, Vec<String>)> {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
    server.link.ask_at(node, &command).await
}
