//! The contract over a real Redis and a real cluster, and what is Redis' own.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_component::store::Store;

use super::settings::{Settings, Sort};
use super::{RedisStore, cluster, listing, one};
use crate::contract::scratch::short_name;
use crate::served::{address, source};

const ONE: &str = "KEYHOOK_TEST_REDIS";
const CLUSTER: &str = "KEYHOOK_TEST_REDIS_CLUSTER";

fn at(variable: &str, folder: &Path) -> String {
    format!("{}?prefix={}", address(variable), short_name(folder))
}

async fn on_one(folder: PathBuf) -> Arc<dyn Store> {
    one(source(at(ONE, &folder))).await.unwrap()
}

async fn on_cluster(folder: PathBuf) -> Arc<dyn Store> {
    cluster(source(at(CLUSTER, &folder))).await.unwrap()
}

async fn removed_from_one(folder: PathBuf) {
    remove(&at(ONE, &folder), Sort { cluster: false, tls: false }, &short_name(&folder)).await;
}

async fn removed_from_cluster(folder: PathBuf) {
    remove(&at(CLUSTER, &folder), Sort { cluster: true, tls: false }, &short_name(&folder)).await;
}

async fn remove(address: &str, sort: Sort, prefix: &str) {
    let settings = Settings::read(address, sort).unwrap();
    let server = RedisStore::open(&source(address.to_owned()), &settings).await.unwrap().server;
    for node in server.link.nodes().await.unwrap() {
        let mut cursor = 0;
        loop {
            let (next, keys) = listing::step(&server, &node, cursor, &format!("{prefix}:*")).await.unwrap();
            for key in keys {
                let _: u64 = server.link.ask(redis::cmd("UNLINK").arg(key)).await.unwrap();
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
}

crate::store_contract!(one_server, on_one, removed_from_one);
crate::store_contract!(three_masters, on_cluster, removed_from_cluster);
