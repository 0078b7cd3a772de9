//! The stores that ship, one module per store; each registers itself under the scheme of its URL.
//!
//! A store knows records and nothing about OAuth. What every store promises is written as tests in [`contract`].
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

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
