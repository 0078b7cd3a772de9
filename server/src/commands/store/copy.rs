//! `keyhook store copy FROM TO`: every record of every kind into an empty store, compared afterwards one by one.

use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Kind, Record, State};
use keyhook_component::store::{Index, Lookup, Page, Store, StoreError};
use keyhook_component::system::Clock as _;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::check::PAGE;
use super::place::Place;
use crate::admin::{self, SOCKET};
use crate::cli::Global;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::stores::May;
use crate::system::SystemClock;

/// # Errors
/// `KH0472` when the target holds records, `KH0475` when a server runs, `KH0473` when the copy is not the same; what a store says.
pub(super) async fn run(global: &Global, from: &Place, to: &Place) -> Result<(), Failure> {
    if admin::runs(&from.data.join(SOCKET)) {
        let text = format!("a server runs on the data folder {}; what it writes meanwhile would be missing", from.data.display());
        return Err(Failure::new("KH0475", Exit::NotPermitted, text).help("stop it, copy, change [store] url, start it again"));
    }
    let source = from.open(May { create: false, migrate: false }).await?;
    let target = to.open(May { create: true, migrate: true }).await?;
    let copied = copy(&source, &target, to).await;
    source.close().await;
    target.close().await;
    let copied = json!({ "from": from.shown(), "to": to.shown(), "outcome": "copied and compared", "records": copied? });
    output::print(global, &["from", "to", "outcome"], &copied);
    Ok(())
}

async fn copy(source: &Arc<dyn Store>, target: &Arc<dyn Store>, to: &Place) -> Result<Map<String, Value>, Failure> {
    for kind in Kind::ALL {
        if !target.list(kind, &Index::All, Page { after: None, limit: 1 }).await?.is_empty() {
            let text = format!("{} holds {} records already; nothing was copied", to.shown(), kind.name());
            return Err(Failure::new("KH0472", Exit::NotPermitted, text).help("name an empty database"));
        }
    }
    let mut counts = Map::new();
    for kind in Kind::ALL {
        let written = each(source, target, kind, write).await?;
        let same = each(source, target, kind, compare).await?;
        if written != same {
            let text = format!("{} {} records were copied, {same} of them are the same in {}", written, kind.name(), to.shown());
            return Err(
                Failure::new("KH0473", Exit::Failed, text).help("make sure that no server uses either, empty the target, copy again")
            );
        }
        counts.insert(kind.name().to_owned(), written.into());
    }
    Ok(counts)
}

/// Does something with every record of a kind, a page at a time and the records of a page at once; counts for how many it was true.
async fn each<F>(source: &Arc<dyn Store>, target: &Arc<dyn Store>, kind: Kind, act: fn(Arc<dyn Store>, Record) -> F) -> Result<u64, Failure>
where
    F: Future<Output = Result<bool, StoreError>> + Send + 'static,
{
    let (mut counted, mut after) = (0, None);
    loop {
        let page = source.list(kind, &Index::All, Page { after: after.take(), limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(counted) };
        after = Some(last.key.clone());
        let mut acting = JoinSet::new();
        for record in page {
            acting.spawn(act(Arc::clone(target), record));
        }
        for done in acting.join_all().await {
            counted += u64::from(done?);
        }
    }
}

/// Alone: a store that is spread over machines keeps together what was issued together, and nothing else.
async fn write(target: Arc<dyn Store>, record: Record) -> Result<bool, StoreError> {
    Ok(target.apply(Batch::new().with(Operation::Insert(record))).await? == Applied::Applied)
}

/// Whether the target has the record as it is; one that has ended meanwhile may be gone.
async fn compare(target: Arc<dyn Store>, record: Record) -> Result<bool, StoreError> {
    Ok(match target.get(record.kind, &record.key).await? {
        Lookup::Live(found) => record.state == State::Live && found == record,
        Lookup::Spent(found) => record.state == State::Spent && found == record,
        Lookup::Absent => record.expires_at.has_passed(SystemClock.now()),
    })
}
