//! `store_contract!` works for a store in another crate, which opens it through the registry as the server does.
#![allow(clippy::expect_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::registry::{self, StoreSource};
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;
use keyhook_stores as _;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}

async fn opened(scheme: &str, data: PathBuf) -> Arc<dyn Store> {
    let factory = registry::store(scheme).expect("a store of this scheme is linked in");
    let source = StoreSource { address: String::new(), data, create: true, migrate: true, durable: false, clock: Arc::new(Still) };
    (factory.open)(source).await.expect("an empty store opens")
}

async fn memory(folder: PathBuf) -> Arc<dyn Store> {
    opened("memory", folder).await
}

async fn sqlite(folder: PathBuf) -> Arc<dyn Store> {
    opened("sqlite", folder).await
}

keyhook_stores::store_contract!(over_memory, memory);
keyhook_stores::store_contract!(over_sqlite_without_durability, sqlite);

#[test]
fn the_stores_that_ship_are_registered_by_their_schemes() {
    let schemes = registry::store_schemes();
    assert!(["memory", "sqlite"].iter().all(|scheme| schemes.contains(scheme)), "{schemes:?}");
}
