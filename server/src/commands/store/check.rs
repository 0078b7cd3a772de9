//! `keyhook store check`: opens, asks for promises and health, counts, and tries a record that nobody else knows.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Group, Key, Kind, Record, State};
use keyhook_component::store::{Index, Lookup, Page, Store, StoreError};
use keyhook_component::system::Clock as _;
use keyhook_core::id::RecordId;
use serde_json::{Map, Value, json};

use super::place::Place;
use crate::cli::{Format, Global};
use crate::config::group_name;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::stores::May;
use crate::system::{SystemClock, SystemRandom};

/// How many records a page of a count holds.
pub(super) const PAGE: usize = 1000;

/// # Errors
/// Why a store cannot be used; `KH0474` when a record that was tried did not behave.
pub(super) async fn run(global: &Global, places: &[Place]) -> Result<(), Failure> {
    let mut found = Vec::new();
    for place in places {
        let store = place.open(May { create: false, migrate: false }).await?;
        let looked = look(place, &store).await;
        store.close().await;
        found.push(looked?);
    }
    if global.format == Format::Table && !global.quiet {
        // A block for each: so many counts make no columns.
        for one in &found {
            output::print(global, &["store", "outcome"], one);
        }
    } else {
        output::print(global, &["store", "outcome"], &Value::Array(found));
    }
    Ok(())
}

async fn look(place: &Place, store: &Arc<dyn Store>) -> Result<Value, Failure> {
    store.health().await?;
    for group in &place.groups {
        try_record(&**store, *group).await.map_err(|failure| failure.within(&place.shown()))?;
    }
    let promises = store.promises();
    let mut counts = Map::new();
    for kind in Kind::ALL.into_iter().filter(|kind| place.groups.contains(&kind.group())) {
        counts.insert(kind.name().to_owned(), count(&**store, kind).await?.into());
    }
    let said = json!({
        "durable": promises.durable, "shared": promises.shared, "atomic": promises.atomic, "evicts": promises.evicts,
    });
    let groups: Vec<&str> = place.groups.iter().map(|group| group_name(*group)).collect();
    Ok(json!({ "store": place.shown(), "outcome": "ok", "groups": groups, "promises": said, "records": counts }))
}

/// How many records of a kind there are.
///
/// # Errors
/// What the store says.
pub(super) async fn count(store: &dyn Store, kind: Kind) -> Result<u64, StoreError> {
    let (mut counted, mut after) = (0, None);
    loop {
        let page = store.list(kind, &Index::All, Page { after: after.take(), limit: PAGE }).await?;
        counted += page.len() as u64;
        match page.into_iter().last() {
            Some(last) => after = Some(last.key),
            None => return Ok(counted),
        }
    }
}

/// Writes, reads, takes and deletes a record of its own.
async fn try_record(store: &dyn Store, group: Group) -> Result<(), Failure> {
    let record = tried(group);
    let (kind, key) = (record.kind, record.key.clone());
    let expect = |right: bool, step: &str| {
        let text = format!("a {} record that was tried could not be {step}", kind.name());
        if right { Ok(()) } else { Err(Failure::new("KH0474", Exit::Failed, text)) }
    };
    let apply = async |operation| store.apply(Batch::new().with(operation)).await.map(|applied| applied == Applied::Applied);
    let take = Operation::Take { kind, key: key.clone(), version: 0, body: None };
    expect(apply(Operation::Insert(record.clone())).await?, "written")?;
    expect(!apply(Operation::Insert(record.clone())).await?, "refused when it was written again")?;
    expect(store.get(kind, &key).await? == Lookup::Live(record), "read as it was written")?;
    expect(apply(take.clone()).await?, "taken")?;
    expect(!apply(take).await?, "refused when it was taken again")?;
    expect(matches!(store.get(kind, &key).await?, Lookup::Spent(_)), "found spent")?;
    expect(apply(Operation::Delete { kind, key: key.clone() }).await?, "deleted")?;
    expect(store.get(kind, &key).await? == Lookup::Absent, "found to be gone")
}

/// A record whose key nobody else draws, and which a purge ends in a minute if this process does not.
fn tried(group: Group) -> Record {
    let kind = match group {
        Group::Directory => Kind::PluginData,
        Group::Grants => Kind::Code,
        Group::Once => Kind::Once,
        Group::Short => Kind::Session,
    };
    let now = SystemClock.now();
    let chance: [u8; 16] = (&SystemRandom as &dyn keyhook_component::system::Random).bytes();
    let name = chance.iter().fold(String::from("check "), |name, byte| format!("{name}{byte:02x}"));
    let id = RecordId::new(now, u32::from_be_bytes([chance[0], chance[1], chance[2], chance[3]]));
    Record {
        kind,
        key: if kind.is_issued() { Key::Issued(id) } else { Key::pair("keyhook store check", &name) },
        grant: RecordId::NONE,
        client: None,
        subject: None,
        expires_at: now.plus(Duration::from_mins(1)),
        version: 0,
        state: State::Live,
        body: b"{}".to_vec(),
    }
}
