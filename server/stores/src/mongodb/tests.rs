//! The contract over a real server, each test in a database of its own.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_component::registry::StoreSource;
use keyhook_component::store::Store;

use super::{MongoStore, open_store};
use crate::contract::scratch::short_name;
use crate::served::{address, source};

fn of(folder: &Path) -> StoreSource {
    let address = address("KEYHOOK_TEST_MONGODB");
    let (host, options) = address.split_once("/?").unwrap();
    source(format!("{host}/{}?{options}", short_name(folder)))
}

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    open_store(of(&folder)).await.unwrap()
}

async fn removed(folder: PathBuf) {
    MongoStore::open(&of(&folder)).await.unwrap().server.database.drop().await.unwrap();
}

crate::store_contract!(contract, opened, removed);
