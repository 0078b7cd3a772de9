//! Look-ups, listings and what the purge deletes.

use keyhook_component::record::{Key, Kind};
use keyhook_component::store::{Index, Page};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Result;

use super::Server;
use super::document::id;

/// How many records one purge deletes at most.
const SLICE: i64 = 1000;

/// The document under a key.
///
/// # Errors
/// What MongoDB says.
pub(super) async fn get(server: &Server, kind: Kind, key: &Key) -> Result<Option<Document>> {
    server.collection(kind).find_one(doc! { "_id": id(key) }).await
}

/// The documents of a page, in the order of their keys.
///
/// # Errors
/// What MongoDB says.
pub(super) async fn list(server: &Server, kind: Kind, index: &Index, page: &Page) -> Result<Vec<Document>> {
    let mut condition = Document::new();
    if let Some(after) = &page.after {
        condition.insert("_id", doc! { "$gt": id(after) });
    }
    match index {
        Index::All => {}
        Index::Client(client) => drop(condition.insert("c", client.as_str())),
        Index::Subject(subject) => drop(condition.insert("s", subject.as_str())),
    }
    // To MongoDB no limit is zero.
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    if limit == 0 { Ok(Vec::new()) } else { documents(server, kind, condition, None, limit).await }
}

/// Deletes a slice of what is over; says how many.
///
/// # Errors
/// What MongoDB says.
pub(super) async fn purge(server: &Server, now: Timestamp, horizons: &[(Kind, RecordId)]) -> Result<u64> {
    let floors = horizons.iter().filter(|(kind, _)| kind.is_issued()).map(|(kind, floor)| (*kind, doc! { "_id": { "$lt": floor.raw() } }));
    let named = Kind::ALL.into_iter().filter(|kind| !kind.is_issued());
    let ends = named.map(|kind| (kind, doc! { "e": { "$lte": now.millis() } }));
    let mut deleted = 0;
    for (kind, over) in floors.chain(ends) {
        let left = SLICE.saturating_sub_unsigned(deleted);
        if left <= 0 {
            break;
        }
        let found = documents(server, kind, over.clone(), Some(doc! { "_id": 1 }), left).await?;
        let ids: Vec<Bson> = found.into_iter().filter_map(|mut document| document.remove("_id")).collect();
        if !ids.is_empty() {
            // A counter that was renewed meanwhile is not over any more.
            let condition = doc! { "$and": [{ "_id": { "$in": ids } }, over] };
            deleted += server.collection(kind).delete_many(condition).await?.deleted_count;
        }
    }
    Ok(deleted)
}

async fn documents(server: &Server, kind: Kind, condition: Document, members: Option<Document>, limit: i64) -> Result<Vec<Document>> {
    let collection = server.collection(kind);
    let mut find = collection.find(condition).sort(doc! { "_id": 1 }).limit(limit);
    if let Some(members) = members {
        find = find.projection(members);
    }
    let mut cursor = find.await?;
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.deserialize_current()?);
    }
    Ok(found)
}
