//! The contract over SQLite, and what only a file has.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_component::system::Clock;

use super::*;
use crate::contract::scratch::{Scratch, block_on};

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}

fn source(folder: &Path) -> StoreSource {
    StoreSource { address: String::new(), data: folder.to_owned(), create: true, durable: true, clock: Arc::new(Still) }
}

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    open(source(&folder)).await.unwrap()
}

crate::store_contract!(contract, opened);
