//! The contract over PostgreSQL, each test in a schema of its own, and what only a server has.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod refusals;

use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::registry::StoreSource;
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;
use tokio_postgres::NoTls;

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

/// The server under test: `eval "$(tests/servers/up postgres)"`.
#[allow(clippy::disallowed_methods, reason = "where the server is, only the environment knows")]
fn server() -> String {
    std::env::var("KEYHOOK_TEST_POSTGRES").expect("KEYHOOK_TEST_POSTGRES is not set: eval \"$(tests/servers/up postgres)\"")
}

async fn execute(sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

/// A store that keeps its tables in this schema.
fn source(schema: &str) -> StoreSource {
    let url = format!("{}&options=-csearch_path%3D{schema}", server());
    StoreSource {
        address: url.split_once(':').unwrap().1.to_owned(),
        data: PathBuf::new(),
        create: true,
        migrate: true,
        durable: true,
        clock: Arc::new(Machine),
    }
}

async fn opened(folder: PathBuf) -> Arc<dyn Store> {
    let schema = short_name(&folder);
    execute(&format!("SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS {schema}")).await;
    open(source(&schema)).await.unwrap()
}

async fn removed(folder: PathBuf) {
    execute(&format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE", short_name(&folder))).await;
}

crate::store_contract!(contract, opened, removed);
