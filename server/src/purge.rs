//! Deletes what no rule needs any more, in small slices, while the server runs.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::context::Context;
use keyhook_component::record::Kind;
use keyhook_component::records::{ClientBody, Records};
use keyhook_component::settings::Lifetimes;
use keyhook_component::store::StoreError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

const PAUSE: Duration = Duration::from_mins(1);
/// Between slices, so that requests come in between.
const BREATH: Duration = Duration::from_millis(20);
/// The most that `[oauth1] request_token_ttl` may say.
const LONGEST_TEMPORARY: Duration = Duration::from_hours(1);
/// Clocks of several nodes differ; nothing is deleted on the edge.
const SLACK: Duration = Duration::from_mins(5);

/// Purges for ever; `context` gives the present generation.
pub(crate) async fn run(context: impl Fn() -> Arc<Context> + Send) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let context = context();
        match round(&context).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "purged"),
            Err(error) => tracing::warn!(code = "KH0154", %error, "purging failed; it is tried again in a minute"),
        }
    }
}

/// One round over every store.
async fn round(context: &Context) -> Result<u64, StoreError> {
    let now = context.now();
    let by_grant = context.settings.tokens.grants.values().filter_map(|policy| policy.access_ttl).max().unwrap_or_default();
    let configured = context.settings.lifetimes.access.max(Duration::from_secs(by_grant));
    let longest_access = longest_access(&context.records, configured).await?;
    let horizons = horizons(&context.settings.lifetimes, longest_access, now);
    let mut total = 0;
    for store in context.records.stores() {
        loop {
            let count = store.purge(now, &horizons).await?;
            total += count;
            if count == 0 {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
    }
    Ok(total)
}

/// Below which ids the records of a kind are over. Codes and refresh tokens stay as long as their grant may live, so that a
/// late replay is still known.
fn horizons(lifetimes: &Lifetimes, longest_access: Duration, now: Timestamp) -> Vec<(Kind, RecordId)> {
    let longest = [
        (Kind::Grant, lifetimes.grant),
        (Kind::Code, lifetimes.grant),
        (Kind::RefreshToken, lifetimes.grant),
        (Kind::AccessToken, longest_access),
        (Kind::TemporaryCredential, LONGEST_TEMPORARY),
        (Kind::TokenCredential, lifetimes.grant),
        (Kind::Interaction, lifetimes.interaction),
        (Kind::Session, lifetimes.session),
    ];
    longest.into_iter().map(|(kind, longest)| (kind, RecordId::floor(now.minus(longest).minus(SLACK)))).collect()
}

/// The longest lifetime of an access token: the server's, or that of a client with its own.
async fn longest_access(records: &Records, default: Duration) -> Result<Duration, StoreError> {
    let mut longest = default;
    records
        .each::<ClientBody>(|stored| longest = longest.max(Duration::from_secs(stored.body.0.longest_access_ttl().unwrap_or_default())))
        .await?;
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_code_outlives_its_own_lifetime_and_a_session_does_not() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let lifetimes = Lifetimes::default();
        let horizons = horizons(&lifetimes, lifetimes.access, now);
        let floor = |kind| horizons.iter().find(|(known, _)| *known == kind).map(|(_, floor)| floor.born());
        assert!(floor(Kind::Code) < Some(now.minus(lifetimes.code).minus(Duration::from_hours(24))));
        assert_eq!(floor(Kind::Session), Some(now.minus(lifetimes.session).minus(SLACK)));
        let issued: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_issued()).collect();
        assert!(issued.iter().all(|kind| floor(*kind).is_some()));
    }
}
