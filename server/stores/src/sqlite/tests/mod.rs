//! The contract over SQLite, and what only a file has.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod faults;
mod files;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_component::registry::StoreSource;
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;

use super::open;
use crate::contract::scratch::block_on;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}

fn source(folder: &Path) -> StoreSource {
    StoreSource { address: String::new(), data: folder.to_owned(), create: true, migrate: true, durable: true, clock: Arc::new(Still) }
}

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    open(source(&folder)).await.unwrap()
}

crate::store_contract!(contract, opened);

/// Why the store is not opened.
fn refusal(source: StoreSource) -> String {
    block_on(async { open(source).await.err().map(|error| error.to_string()) }).expect("it was opened")
}
