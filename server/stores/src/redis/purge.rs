//! Deletes what no rule needs any more and Redis does not free by itself: the directory by its sorted sets of ends, the rest by a walk
//! over the keys that goes on where the last one stopped.

use keyhook_component::record::{Key, Kind};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use redis::RedisResult;

use super::Server;
use super::link::Node;
use super::listing;
use super::place::is_indexed;

/// How many records one purge deletes at most, about.
const SLICE: u64 = 1000;
/// How many steps of a walk one purge takes at most when it finds nothing: each looks at a thousand keys, in less than a millisecond.
const STEPS: usize = 1000;

/// Where the walk goes on.
#[derive(Clone, Default)]
pub(super) struct Walk {
    node: usize,
    cursor: u64,
}

/// One slice; says how many were deleted.
///
/// # Errors
/// When a server does not answer.
pub(super) async fn slice(server: &Server, now: Timestamp, horizons: &[(Kind, RecordId)]) -> RedisResult<u64> {
    let mut deleted = 0;
    for kind in Kind::ALL.into_iter().filter(|kind| is_indexed(*kind)) {
        deleted += directory(server, kind, now).await?;
    }
    let nodes = server.link.nodes().await?;
    let mut walk = server.walk();
    // Once around, and to the place where it began.
    let mut turns = 0;
    for _ in 0..STEPS {
        let Some(node) = nodes.get(walk.node) else {
            walk = Walk::default();
            turns += 1;
            if turns == 2 {
                break;
            }
            continue;
        };
        let (cursor, keys) = listing::step(server, node, walk.cursor, &server.keys.every()).await?;
        deleted += sweep(server, node, &keys, now, horizons).await?;
        walk = if cursor == 0 { Walk { node: walk.node + 1, cursor } } else { Walk { cursor, ..walk } };
        server.walk_from(walk.clone());
        if deleted >= SLICE {
            return Ok(deleted);
        }
    }
    Ok(deleted)
}

/// What has ended in a kind of the directory.
async fn directory(server: &Server, kind: Kind, now: Timestamp) -> RedisResult<u64> {
    let mut ended = redis::cmd("ZRANGEBYSCORE");
    ended.arg(server.keys.ends(kind)).arg("-inf").arg(now.millis()).arg("LIMIT").arg(0).arg(SLICE);
    let names: Vec<Vec<u8>> = server.link.ask(&ended).await?;
    if names.is_empty() {
        return Ok(0);
    }
    server
        .run(&server.purge, |command| {
            command.arg(names.len() + 2).arg(server.keys.names(kind)).arg(server.keys.ends(kind));
            for name in &names {
                command.arg(server.keys.of(kind, &Key::named(name)));
            }
            command.arg(now.millis()).arg("indexed").arg(&names);
        })
        .await
}

/// What is over among these keys.
async fn sweep(server: &Server, node: &Node, keys: &[String], now: Timestamp, horizons: &[(Kind, RecordId)]) -> RedisResult<u64> {
    let below = |kind, id| horizons.iter().any(|(known, floor)| *known == kind && id < *floor);
    let (mut over, mut named) = (Vec::new(), Vec::new());
    for text in keys {
        match server.keys.parse(text) {
            Some((kind, Key::Issued(id))) if below(kind, id) => over.push(text),
            Some((_, Key::Named(_))) => named.push(text),
            _ => {}
        }
    }
    let mut deleted = 0;
    if *node == Node::Only && !over.is_empty() {
        deleted += server.link.ask::<u64>(redis::cmd("UNLINK").arg(&over)).await?;
    }
    if *node == Node::Only && !named.is_empty() {
        deleted += ended(server, &named, now).await?;
    }
    if *node != Node::Only {
        // In a cluster a command has the keys of one slot.
        for text in over {
            deleted += server.link.ask::<u64>(redis::cmd("UNLINK").arg(text)).await?;
        }
        for text in named {
            deleted += ended(server, &[text], now).await?;
        }
    }
    Ok(deleted)
}

/// Deletes those of the records with a name that have ended.
async fn ended(server: &Server, keys: &[&String], now: Timestamp) -> RedisResult<u64> {
    server
        .run(&server.purge, |command| {
            command.arg(keys.len()).arg(keys).arg(now.millis());
        })
        .await
}
