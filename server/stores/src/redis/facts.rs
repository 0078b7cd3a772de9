//! What this Redis promises: asked of every server at start, and where it does not say, the worse is assumed.

use std::collections::HashMap;

use keyhook_component::store::Promises;
use redis::RedisResult;

use super::link::{Link, Node};

/// The worst that any server said.
///
/// # Errors
/// When a server does not answer at all.
pub(super) async fn ask(link: &Link, shown: &str, durable: bool) -> RedisResult<Promises> {
    let (mut forces, mut evicts, mut copies) = (true, false, false);
    for node in link.nodes().await? {
        let append = setting(link, &node, "appendonly").await;
        let fsync = setting(link, &node, "appendfsync").await;
        let policy = setting(link, &node, "maxmemory-policy").await;
        let silent = [&append, &fsync, &policy].iter().any(|said| said.is_none());
        if silent {
            tracing::warn!(
                store = shown,
                "[KH0435] this Redis does not say (CONFIG GET) whether it keeps what it acknowledges: the worse is assumed"
            );
        }
        forces &= append.as_deref() == Some("yes") && fsync.as_deref() == Some("always");
        evicts |= policy.as_deref() != Some("noeviction");
        copies |= has_copies(link, &node).await;
    }
    if copies {
        tracing::warn!(
            store = shown,
            "[KH0436] this Redis has replicas, which follow a moment later: a failover may undo the last writes, a code that was used among them"
        );
    }
    if durable && !forces {
        tracing::warn!(
            store = shown,
            "[KH0437] this Redis does not force each write to disk (appendonly yes, appendfsync always): a power failure loses the last moments"
        );
    }
    Ok(Promises { durable: forces && durable, evicts, shared: true, atomic: true })
}

/// What a server is set to; `None` where it does not say.
async fn setting(link: &Link, node: &Node, name: &str) -> Option<String> {
    let answer: HashMap<String, String> = link.ask_at(node, redis::cmd("CONFIG").arg("GET").arg(name)).await.ok()?;
    answer.get(name).cloned()
}

async fn has_copies(link: &Link, node: &Node) -> bool {
    let answer: RedisResult<String> = link.ask_at(node, redis::cmd("INFO").arg("replication")).await;
    answer.is_ok_and(|text| text.lines().any(|line| line.strip_prefix("connected_slaves:").is_some_and(|count| count.trim() != "0")))
}
