//! From a batch to documents: one record by one conditional write, several in a transaction.
//!
//! A server that knows no transactions (one without a replica set) decides the first operation, the guard, alone; the others follow.
//! What ends in between loses what was being issued, and issues nothing twice.

use std::time::Duration;

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use mongodb::error::{Result, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};

use super::Server;
use super::document::{body, contents, id, whole};
use super::failure::code;

/// The server's word for a key that exists.
const DUPLICATE: i32 = 11000;

/// Writes a batch. Ends only when it is decided: whoever calls sets the limit.
///
/// # Errors
/// What MongoDB says; then it may not be known whether the batch was written.
pub(super) async fn write(server: &Server, operations: &[Operation]) -> Result<Applied> {
    if operations.len() > 1 && server.transactions {
        return transaction(server, operations).await;
    }
    // Without transactions: what can be seen to refuse is seen before the guard is taken.
    for (index, operation) in operations.iter().enumerate().skip(1) {
        if let Some(why) = refusal(server, operation, &operations[..index]).await? {
            return Ok(Applied::Refused { operation: index, why });
        }
    }
    all(server, operations, &mut None).await
}

async fn all(server: &Server, operations: &[Operation], session: &mut Option<ClientSession>) -> Result<Applied> {
    for (index, operation) in operations.iter().enumerate() {
        if let Some(why) = one(server, operation, session).await? {
            return Ok(Applied::Refused { operation: index, why });
        }
    }
    Ok(Applied::Applied)
}

/// All or nothing. MongoDB asks for the whole again when another transaction came between.
async fn transaction(server: &Server, operations: &[Operation]) -> Result<Applied> {
    let mut session = Some(server.client.start_session().await?);
    let mut pause = Pause::new();
    loop {
        start(session.as_mut()).await?;
        match all(server, operations, &mut session).await {
            Ok(Applied::Applied) => match commit(session.as_mut()).await {
                Ok(()) => return Ok(Applied::Applied),
                Err(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {}
                Err(error) => return Err(error),
            },
            Ok(refused) => {
                abort(session.as_mut()).await;
                return Ok(refused);
            }
            Err(error) => {
                abort(session.as_mut()).await;
                if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
                    return Err(error);
                }
            }
        }
        pause.tick().await;
    }
}

/// The pauses between two tries: who waits for another transaction does not wear the server out, and waits no longer than it must.
struct Pause(Duration);

impl Pause {
    fn new() -> Pause {
        Pause(Duration::from_millis(2))
    }

    async fn tick(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_millis(250));
    }
}

async fn start(session: Option<&mut ClientSession>) -> Result<()> {
    match session {
        Some(session) => session.start_transaction().await,
        None => Ok(()),
    }
}

async fn commit(session: Option<&mut ClientSession>) -> Result<()> {
    let Some(session) = session else { return Ok(()) };
    let mut pause = Pause::new();
    loop {
        match session.commit_transaction().await {
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => pause.tick().await,
            said => return said,
        }
    }
}

/// Nothing of it was written; a server that does not hear this ends it by itself.
async fn abort(session: Option<&mut ClientSession>) {
    if let Some(session) = session {
        drop(session.abort_transaction().await);
    }
}

/// Applies one operation; says why not.
async fn one(server: &Server, operation: &Operation, session: &mut Option<ClientSession>) -> Result<Option<Why>> {
    let (kind, key) = operation.target();
    match operation {
        Operation::Insert(record) => Ok((!insert(server, record, session).await?).then_some(Why::Exists)),
        Operation::Delete { .. } => {
            let collection = server.collection(kind);
            let delete = collection.delete_one(doc! { "_id": id(key) });
            match session.as_mut() {
                Some(session) => delete.session(session).await?,
                None => delete.await?,
            };
            Ok(None)
        }
        Operation::Put(record) => put(server, record, session).await,
        Operation::Replace(record) => {
            let condition = doc! { "_id": id(key), "v": i64::from(record.version) };
            if update(server, kind, condition, overwrite(record), session).await? {
                return Ok(None);
            }
            Ok(Some(if find(server, kind, key, session).await?.is_some() { Why::Changed } else { Why::Absent }))
        }
        Operation::Take { version, body: left, .. } => {
            let mut set = doc! { "l": false };
            if let Some(left) = left {
                set.insert("b", body(left));
            }
            let condition = doc! { "_id": id(key), "v": i64::from(*version), "l": true };
            if update(server, kind, condition, doc! { "$set": set, "$inc": { "v": 1_i64 } }, session).await? {
                return Ok(None);
            }
            let found = find(server, kind, key, session).await?;
            Ok(Some(match found.map(|found| found.get_bool("l")) {
                None => Why::Absent,
                Some(Ok(false)) => Why::Spent,
                Some(_) => Why::Changed,
            }))
        }
    }
}

/// Overwrites what there is or inserts; another writer may delete or insert in between.
async fn put(server: &Server, record: &Record, session: &mut Option<ClientSession>) -> Result<Option<Why>> {
    while !update(server, record.kind, doc! { "_id": id(&record.key) }, overwrite(record), session).await?
        && !insert(server, record, session).await?
    {}
    Ok(None)
}

/// The contents anew; spent is final, so that only a spent record says something of the state.
fn overwrite(record: &Record) -> Document {
    let mut set = contents(record);
    if record.state == State::Spent {
        set.insert("l", false);
    }
    doc! { "$set": set, "$inc": { "v": 1_i64 } }
}

/// Whether the key was free.
async fn insert(server: &Server, record: &Record, session: &mut Option<ClientSession>) -> Result<bool> {
    let collection = server.collection(record.kind);
    let insert = collection.insert_one(whole(record));
    let said = match session.as_mut() {
        Some(session) => insert.session(session).await,
        None => insert.await,
    };
    match said {
        Ok(_) => Ok(true),
        Err(error) if code(&error) == Some(DUPLICATE) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a document met the condition.
async fn update(server: &Server, kind: Kind, condition: Document, change: Document, session: &mut Option<ClientSession>) -> Result<bool> {
    let collection = server.collection(kind);
    let update = collection.update_one(condition, change);
    let said = match session.as_mut() {
        Some(session) => update.session(session).await?,
        None => update.await?,
    };
    Ok(said.matched_count == 1)
}

async fn find(server: &Server, kind: Kind, key: &Key, session: &mut Option<ClientSession>) -> Result<Option<Document>> {
    let collection = server.collection(kind);
    let find = collection.find_one(doc! { "_id": id(key) });
    match session.as_mut() {
        Some(session) => find.session(session).await,
        None => find.await,
    }
}

/// Why an operation would refuse now; nothing is said of a record that the batch has touched before.
async fn refusal(server: &Server, operation: &Operation, before: &[Operation]) -> Result<Option<Why>> {
    let (kind, key) = operation.target();
    if before.iter().any(|earlier| earlier.target() == (kind, key)) || matches!(operation, Operation::Put(_) | Operation::Delete { .. }) {
        return Ok(None);
    }
    let found = find(server, kind, key, &mut None).await?;
    let version = found.as_ref().and_then(|found| found.get_i64("v").ok());
    let live = found.as_ref().is_some_and(|found| found.get_bool("l").unwrap_or_default());
    Ok(match operation {
        Operation::Insert(_) => found.is_some().then_some(Why::Exists),
        Operation::Replace(_) | Operation::Take { .. } if found.is_none() => Some(Why::Absent),
        Operation::Take { .. } if !live => Some(Why::Spent),
        Operation::Take { version: seen, .. } | Operation::Replace(Record { version: seen, .. }) => {
            (version != Some(i64::from(*seen))).then_some(Why::Changed)
        }
        _ => None,
    })
}
