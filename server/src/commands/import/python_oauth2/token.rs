//! Which of python-oauth2's tokens live on, whose they are, and until when.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::hooks::PluginData;
use keyhook_component::records::ForeignRefresh;
use keyhook_component::registry;
use keyhook_component::settings::{Lifetimes, TokenSettings};
use keyhook_core::client::Client;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;
use serde_json::{Map, Value};

use super::old::{OldToken, name};
use super::report::{Report, Sort};

/// What the operator says about all tokens.
pub(super) struct Rules {
    pub(super) user_from: Option<String>,
    pub(super) keep_userless: bool,
    pub(super) lifetimes: Lifetimes,
    pub(super) tokens: TokenSettings,
}

/// A token that lives on, in part at least.
pub(super) struct Kept {
    pub(super) old: OldToken,
    pub(super) client: Arc<Client>,
    pub(super) subject: Option<String>,
    pub(super) scope: Scope,
    /// Until when the access token does.
    pub(super) access: Option<Timestamp>,
    /// Until when the refresh token does.
    pub(super) refresh: Option<Timestamp>,
}

/// What a plugin may keep with a grant, in bytes of JSON.
const MOST_DATA: usize = 4096;
const LONGEST_SUBJECT: usize = 255;

/// Whether an end in seconds has come; never, if there is none.
pub(super) fn has_passed(end: Option<i64>, now: Timestamp) -> bool {
    end.is_some_and(|end| Timestamp::from_seconds(end).has_passed(now))
}

/// Decides about a token, and counts in the report what does not live on.
pub(super) fn judge(mut old: OldToken, client: Option<Arc<Client>>, rules: &Rules, now: Timestamp, report: &mut Report) -> Option<Kept> {
    let judged = whole(&old, client.as_deref(), rules);
    let (subject, scope, client) = match (judged, client) {
        (Ok((subject, scope)), Some(client)) => (subject, scope, client),
        (refused, _) => {
            let why = refused.err().unwrap_or(STRANGER);
            report.leave_out(Sort::Access, why, 1);
            report.leave_out(Sort::Refresh, why, u64::from(old.refresh_token.is_some()));
            return None;
        }
    };
    let access = match access(&old, now) {
        Ok(()) => Some(end(old.expires_at, rules.access_lifetime(&client, &old.grant_type), rules, now, report)),
        Err(why) => {
            report.leave_out(Sort::Access, why, 1);
            None
        }
    };
    let refresh = match refresh(&old, &client, now) {
        Ok(true) => Some(end(old.refresh_expires_at, rules.refresh_lifetime(&client, &old.grant_type), rules, now, report)),
        Ok(false) => None,
        Err(why) => {
            report.leave_out(Sort::Refresh, why, 1);
            None
        }
    };
    if refresh.is_some() && !scope.is_subset_of(&client.scope) {
        report.changed("refresh tokens have scopes that their client may not have any more (keyhook client update ID --scope …)");
    }
    if serde_json::to_vec(&old.data).map_or(usize::MAX, |json| json.len()) > MOST_DATA {
        report.changed("tokens had more than 4 KiB of data, which is left out");
        old.data = Map::new();
    }
    (access.is_some() || refresh.is_some()).then_some(Kept { old, client, subject, scope, access, refresh })
}

const STRANGER: &str = "their client is not registered here";

/// What holds for the access token and the refresh token alike.
fn whole(old: &OldToken, client: Option<&Client>, rules: &Rules) -> Result<(Option<String>, Scope), &'static str> {
    if client.is_none() {
        return Err(STRANGER);
    }
    let scope = Scope::parse(&old.scopes.join(" ")).map_err(|_| "their scope is malformed")?;
    let from_data = || rules.user_from.as_ref().and_then(|member| old.data.get(member)).and_then(name);
    let subject = old.user_id.clone().or_else(from_data);
    match &subject {
        Some(subject) if subject.len() > LONGEST_SUBJECT => Err("the name of their user is longer than 255 bytes"),
        // The client acts for itself.
        None if old.grant_type == "client_credentials" || rules.keep_userless => Ok((None, scope)),
        None => Err("they name no user (--user-from MEMBER of their data, or --keep-userless)"),
        Some(_) => Ok((subject, scope)),
    }
}

fn access(old: &OldToken, now: Timestamp) -> Result<(), &'static str> {
    if has_passed(old.expires_at, now) {
        return Err("they have ended");
    }
    let hashed = |name: &str| ["uuid4", "random"].contains(&name);
    let known = registry::token_formats().iter().any(|format| hashed(format.name()) && format.recognizes(old.token.expose()));
    if known { Ok(()) } else { Err("they are neither UUIDs nor 22 to 255 letters and digits, so that they could be guessed or mistaken") }
}

/// Whether there is a refresh token that lives on.
fn refresh(old: &OldToken, client: &Client, now: Timestamp) -> Result<bool, &'static str> {
    let Some(text) = &old.refresh_token else { return Ok(false) };
    if has_passed(old.refresh_expires_at, now) {
        return Err("they have ended");
    }
    if client.allows_grant("refresh_token").is_err() {
        return Err("their client may not use refresh_token");
    }
    if !ForeignRefresh::may_be(text.expose()) {
        return Err("they are neither UUIDs nor 22 to 255 letters and digits, so that they could be guessed or mistaken");
    }
    Ok(true)
}

/// The old end; the longest that this server knows where there was none, or a later one.
fn end(old: Option<i64>, lifetime: Duration, rules: &Rules, now: Timestamp, report: &mut Report) -> Timestamp {
    let latest = now.plus(rules.lifetimes.grant);
    match old.map(Timestamp::from_seconds) {
        Some(end) if end <= latest => end,
        Some(_) => {
            report.changed("tokens would have lived longer than [tokens] grant_ttl, and end with it");
            latest
        }
        None => {
            report.changed("tokens had no end, and got the longest that [tokens] or their client's policy gives");
            now.plus(lifetime).min(latest)
        }
    }
}

impl Rules {
    fn access_lifetime(&self, client: &Client, grant_type: &str) -> Duration {
        let of_grant = || self.tokens.grants.get(grant_type).and_then(|policy| policy.access_ttl);
        client.access_ttl_for(grant_type).or_else(of_grant).map_or(self.lifetimes.access, Duration::from_secs)
    }

    fn refresh_lifetime(&self, client: &Client, grant_type: &str) -> Duration {
        let of_grant = || self.tokens.grants.get(grant_type).and_then(|policy| policy.refresh_ttl);
        client.refresh_ttl_for(grant_type).or_else(of_grant).map_or(self.lifetimes.refresh, Duration::from_secs)
    }
}

/// The data of a token as those of a plugin.
pub(super) fn data_of(plugin: &str, data: Map<String, Value>) -> PluginData {
    let whole = (!data.is_empty()).then(|| (plugin.to_owned(), data));
    whole.into_iter().collect()
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
