//! `keyhook store migrate`: makes what is missing, brings up to date what is older, and says which it was.

use keyhook_component::store::StoreError;
use serde_json::{Value, json};

use super::place::Place;
use crate::cli::Global;
use crate::failure::Failure;
use crate::output;
use crate::stores::May;

/// # Errors
/// Why a store could not be brought up to date.
pub(super) async fn run(global: &Global, places: &[Place]) -> Result<(), Failure> {
    let mut done = Vec::new();
    for place in places {
        done.push(json!({ "store": place.shown(), "outcome": migrate(place).await? }));
    }
    output::print(global, &["store", "outcome"], &Value::Array(done));
    Ok(())
}

async fn migrate(place: &Place) -> Result<&'static str, Failure> {
    let (outcome, store) = match place.open(May { create: false, migrate: false }).await {
        Ok(store) => ("was up to date", store),
        Err(StoreError::Unusable(text)) if text.starts_with("KH0401") => ("made", place.open(May { create: true, migrate: true }).await?),
        Err(StoreError::Unusable(text)) if text.starts_with("KH0412") => {
            ("brought up to date", place.open(May { create: false, migrate: true }).await?)
        }
        Err(error) => return Err(error.into()),
    };
    store.close().await;
    Ok(outcome)
}
