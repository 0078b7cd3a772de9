//! Which access tokens live on, and until when (RFC 5849 §4.10).

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::records::ForeignCredential;
use keyhook_core::client::Client;
use keyhook_core::time::Timestamp;

use super::old::OldToken;
use super::report::{Report, Sort};

/// When tokens end that had no end, or too late a one.
pub(super) struct Rules {
    pub(super) token_ttl: Duration,
    pub(super) grant_ttl: Duration,
}

/// A token that lives on.
pub(super) struct Kept {
    pub(super) old: OldToken,
    pub(super) client: Arc<Client>,
    pub(super) ends_at: Timestamp,
}

const LONGEST_SUBJECT: usize = 255;

/// Decides about a token, and counts in the report what does not live on.
pub(super) fn judge(old: OldToken, client: Option<Arc<Client>>, rules: &Rules, now: Timestamp, report: &mut Report) -> Option<Kept> {
    match sound(&old, client, now) {
        Ok(client) => {
            let ends_at = end(&old, rules, now, report);
            Some(Kept { old, client, ends_at })
        }
        Err(why) => {
            report.leave_out(Sort::Access, why, 1);
            None
        }
    }
}

fn sound(old: &OldToken, client: Option<Arc<Client>>, now: Timestamp) -> Result<Arc<Client>, &'static str> {
    let client = client.ok_or("their consumer is not registered here")?;
    let has_ended = old.valid_till.is_some_and(|end| Timestamp::from_seconds(end).has_passed(now));
    let refused = [
        (client.oauth1.is_none(), "their client is not one of OAuth 1.0a"),
        (has_ended, "they have ended"),
        (old.user.trim().is_empty() || old.user.len() > LONGEST_SUBJECT, "the name of their user is empty or longer than 255 bytes"),
        (old.secret.expose().is_empty(), "they have no secret"),
        (!ForeignCredential::may_be(old.key.expose()), "they are not 22 to 255 letters and digits, so that they could be mistaken"),
    ];
    refused.into_iter().find(|(is, _)| *is).map_or(Ok(client), |(_, why)| Err(why))
}

/// The old end; where there was none, or a later one, the longest that this server gives.
fn end(old: &OldToken, rules: &Rules, now: Timestamp, report: &mut Report) -> Timestamp {
    let latest = now.plus(rules.grant_ttl);
    match old.valid_till.map(Timestamp::from_seconds) {
        Some(end) if end <= latest => end,
        Some(_) => {
            report.changed("tokens would have lived longer than [tokens] grant_ttl, and end with it");
            latest
        }
        None => {
            report.changed("tokens had no end, and got that of [oauth1] token_ttl");
            now.plus(rules.token_ttl).min(latest)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::time::Duration;

    use keyhook_core::client::Consumer;
    use keyhook_core::secret::Secret;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const KEY: &str = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n";

    fn old(valid_till: Option<i64>) -> OldToken {
        let secret = |text: &str| Secret::new(text.to_owned());
        OldToken { key: secret(KEY), secret: secret("s"), consumer: "abc".into(), user: "ann".into(), valid_till }
    }

    fn judged(old: OldToken, client: impl Into<Option<Client>>) -> Option<Timestamp> {
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        let rules = Rules { token_ttl: minute, grant_ttl: hour };
        judge(old, client.into().map(Arc::new), &rules, NOW, &mut Report::default()).map(|kept| kept.ends_at)
    }

    fn consumer() -> Client {
        Client { oauth1: Some(Consumer::default()), ..Client::public("abc", "abc") }
    }

    #[test]
    fn a_token_keeps_its_end_up_to_the_longest_grant_and_gets_one_if_it_had_none() {
        assert_eq!(judged(old(Some(1_800_000_007)), consumer()), Some(Timestamp::from_seconds(1_800_000_007)));
        assert_eq!(judged(old(Some(1_900_000_000)), consumer()), Some(Timestamp::from_seconds(1_800_003_600)));
        assert_eq!(judged(old(None), consumer()), Some(Timestamp::from_seconds(1_800_000_060)));
    }

    /// The old server took a token after its end, and refused it before.
    #[test]
    fn a_token_that_has_ended_is_left_out() {
        assert_eq!(judged(old(Some(1_799_999_999)), consumer()), None);
    }

    #[test]
    fn a_token_of_nobody_or_of_a_stranger_is_left_out() {
        assert_eq!(judged(old(None), None), None);
        assert_eq!(judged(old(None), Client::public("abc", "abc")), None);
        assert_eq!(judged(OldToken { user: " ".into(), ..old(None) }, consumer()), None);
        assert_eq!(judged(OldToken { secret: Secret::new(String::new()), ..old(None) }, consumer()), None);
    }

    #[test]
    fn what_could_be_taken_for_ours_is_left_out() {
        for key in ["short", "kho_00000000000000000000000000000000", "with space in it, and long enough"] {
            assert_eq!(judged(OldToken { key: Secret::new(key.into()), ..old(None) }, consumer()), None, "{key}");
        }
    }
}
