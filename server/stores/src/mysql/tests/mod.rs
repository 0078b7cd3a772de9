//! The contract over MariaDB, each test in a database of its own, and what only a server has.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::registry::StoreSource;
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;
use mysql_async::prelude::Queryable as _;

use super::open;
use crate::contract::scratch::short_name;

struct Machine;

impl Clock for Machine {
    #[allow(clippy::disallowed_methods, reason = "a cache of another process is as old as the real second")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }
}

/// The server under test: `eval "$(tests/servers/up mariadb)"`.
#[allow(clippy::disallowed_methods, reason = "where the server is, only the environment knows")]
fn server() -> String {
    std::env::var("KEYHOOK_TEST_MYSQL").expect("KEYHOOK_TEST_MYSQL is not set: eval \"$(tests/servers/up mariadb)\"")
}

async fn execute(sql: &str) {
    let mut connection = mysql_async::Conn::from_url(server()).await.unwrap();
    connection.query_drop(sql).await.unwrap();
    connection.disconnect().await.unwrap();
}

/// A store in this database.
fn source(database: &str) -> StoreSource {
    StoreSource {
        address: format!("{}{database}", server().split_once(':').unwrap().1),
        data: PathBuf::new(),
        create: true,
        migrate: true,
        durable: true,
        clock: Arc::new(Machine),
    }
}

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    let database = short_name(&folder);
    execute(&format!("CREATE DATABASE IF NOT EXISTS {database}")).await;
    open(source(&database)).await.unwrap()
}

async fn removed(folder: PathBuf) {
    execute(&format!("DROP DATABASE IF EXISTS {}", short_name(&folder))).await;
}

crate::store_contract!(contract, opened, removed);
