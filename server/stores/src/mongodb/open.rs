//! Opens the database: how to reach it, what it holds, and whether it knows transactions.

use keyhook_component::record::Kind;
use keyhook_component::registry::StoreSource;
use keyhook_component::store::StoreError;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use mongodb::{Client, Database, IndexModel};

use std::time::Duration;

use super::failure;
use crate::address::wrong;

/// The layout of documents that this keyhook writes.
const LAYOUT: i64 = 1;
const DATABASE: &str = "keyhook";
const SELECTING: Duration = Duration::from_secs(2);
const CONNECTING: Duration = Duration::from_secs(1);

/// A database that was opened.
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) database: Database,
    pub(super) shown: String,
    pub(super) transactions: bool,
}

/// Opens it.
///
/// # Errors
/// [`StoreError::Unusable`] when the URL is wrong, nothing is there and may be made, or a newer keyhook wrote it;
/// [`StoreError::Unavailable`] when it does not answer or does not let keyhook in.
pub(super) async fn open(source: &StoreSource) -> Result<Opened, StoreError> {
    let options = ClientOptions::parse(format!("mongodb:{}", source.address)).await;
    // What the driver says of a URL that it cannot read may repeat it.
    let mut options = options.map_err(|_| wrong("it is not one of MongoDB, as in `mongodb://user:password@host:27017/keyhook`"))?;
    options.write_concern = Some(write_concern(source.durable));
    options.server_selection_timeout = Some(SELECTING);
    options.connect_timeout.get_or_insert(CONNECTING);
    options.app_name.get_or_insert_with(|| "keyhook".to_owned());
    let shown = options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let failed = |error: Error| failure::of(&shown, &error);
    let client = Client::with_options(options).map_err(failed)?;
    let database = client.database(&name);
    claim(&database, source.create, &shown).await?;
    let transactions = knows_transactions(&client, &database).await.map_err(failed)?;
    if !transactions {
        tracing::warn!(
            store = shown,
            "[KH0447] this MongoDB knows no transactions: what is written together is written in turn, the guard first; make it a replica set"
        );
    }
    Ok(Opened { client, database, shown, transactions })
}

/// A majority has it, and its journal where commits are to be durable: what one member lost, another still has.
fn write_concern(durable: bool) -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(durable.then_some(true)).build()
}

/// Says under which layout the records are kept, or refuses one that this keyhook does not know.
async fn claim(database: &Database, create: bool, shown: &str) -> Result<(), StoreError> {
    let failed = |error: Error| failure::of(shown, &error);
    let layout = database.collection::<Document>("layout");
    let found = layout.find_one(doc! { "_id": "layout" }).await.map_err(failed)?;
    match found.map(|found| found.get_i64("version").unwrap_or_default()) {
        Some(LAYOUT) => Ok(()),
        Some(other) => Err(failure::newer(shown, other)),
        None if !create => Err(failure::missing(shown)),
        None => {
            for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_issued()) {
                let ends = IndexModel::builder().keys(doc! { "e": 1 }).build();
                database.collection::<Document>(kind.name()).create_index(ends).await.map_err(failed)?;
            }
            let new = doc! { "$setOnInsert": { "version": LAYOUT } };
            layout.update_one(doc! { "_id": "layout" }, new).upsert(true).await.map(drop).map_err(failed)
        }
    }
}

/// Whether a transaction is begun and ended as it should: tried, because servers differ in what they say of themselves.
async fn knows_transactions(client: &Client, database: &Database) -> Result<bool, Error> {
    let mut session = client.start_session().await?;
    let layout = database.collection::<Document>("layout");
    let tried = async {
        session.start_transaction().await?;
        layout.update_one(doc! { "_id": "layout" }, doc! { "$set": { "version": LAYOUT } }).session(&mut session).await?;
        session.commit_transaction().await
    };
    match tried.await {
        Ok(()) => Ok(true),
        // Another process tries the same at this moment; a server that knows none says so in other words.
        Err(error) if error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR) && failure::code(&error).is_some() => Ok(true),
        Err(error) => match *error.kind {
            ErrorKind::Command(_) | ErrorKind::Write(_) | ErrorKind::Transaction { .. } => Ok(false),
            _ => Err(error),
        },
    }
}
