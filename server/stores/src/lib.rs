//! The stores that ship, one module per store; each registers itself under the scheme of its URL.
//!
//! A store knows records and nothing about OAuth. What every store promises is written as tests in [`contract`].
#![forbid(unsafe_code)]

#[cfg(any(feature = "redis", feature = "memcached", feature = "mongodb"))]
mod address;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod batching;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod failure;
#[cfg(any(feature = "redis", feature = "memcached", feature = "mongodb"))]
mod flight;
#[cfg(any(feature = "mysql", feature = "redis", feature = "mongodb"))]
mod foreign;
#[cfg(feature = "memcached")]
pub mod memcached;
pub mod memory;
#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod naming;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod packed;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod parameters;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(all(test, any(feature = "redis", feature = "memcached", feature = "mongodb")))]
mod served;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod steps;

use keyhook_component::batch::Operation;
use keyhook_component::record::{Key, Kind};
use keyhook_component::store::StoreError;

/// A key of the wrong sort would look in a table where it cannot be: a mistake of the caller, never an absent record.
fn key_fits(kind: Kind, key: &Key) -> Result<(), StoreError> {
    if kind.is_issued() == matches!(key, Key::Issued(_)) {
        return Ok(());
    }
    let expected = if kind.is_issued() { "an issued id" } else { "a name" };
    Err(StoreError::Unusable(format!("a {} record has {expected} as its key", kind.name())))
}

fn keys_fit(operations: &[Operation]) -> Result<(), StoreError> {
    operations.iter().map(Operation::target).try_for_each(|(kind, key)| key_fits(kind, key))
}
