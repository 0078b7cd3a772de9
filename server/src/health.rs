//! What `/health/ready` looks at: every store can answer now.

use keyhook_component::BoxFuture;
use keyhook_component::record::Group;
use keyhook_component::records::Records;
use keyhook_edge::{Health, HealthReport};

use crate::config::group_name;

/// The health of the stores.
pub(crate) struct StoreHealth(pub(crate) Records);

impl Health for StoreHealth {
    fn report(&self) -> BoxFuture<'_, HealthReport> {
        Box::pin(async move {
            let mut report = HealthReport::default();
            for group in Group::ALL {
                let result = self.0.store(group).health().await;
                if let Err(error) = &result {
                    tracing::warn!(code = "KH0154", group = group_name(group), %error, "a store is not healthy");
                }
                // The reason may name the database's address: it is for the log.
                report.checks.push((format!("store_{}", group_name(group)), result.map_err(|_| "not available".to_owned())));
            }
            report
        })
    }
}
