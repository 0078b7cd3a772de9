//! What the tokens of a client tell about it: the grants that it used, the scopes that it had.

use std::collections::{BTreeMap, BTreeSet};

use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;

use super::old::OldToken;
use super::token::has_passed;

/// What was seen of one client.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) grant_types: BTreeSet<String>,
    scopes: BTreeSet<String>,
}

/// What was seen, by client.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<String, Traces>);

impl Seen {
    /// Looks at a token; one that has ended tells nothing.
    pub(super) fn add(&mut self, token: &OldToken, now: Timestamp) {
        let refreshes = token.refresh_token.is_some() && !has_passed(token.refresh_expires_at, now);
        if has_passed(token.expires_at, now) && !refreshes {
            return;
        }
        let traces = self.0.entry(token.client_id.clone()).or_default();
        traces.grant_types.insert(token.grant_type.clone());
        if refreshes {
            traces.grant_types.insert("refresh_token".to_owned());
        }
        traces.scopes.extend(token.scopes.iter().cloned());
    }

    /// What was seen of a client.
    pub(super) fn of(&self, client_id: &str) -> Option<&Traces> {
        self.0.get(client_id)
    }
}

impl Traces {
    /// The scopes of its tokens, as far as they are scopes.
    pub(super) fn scope(&self) -> Scope {
        self.scopes.iter().map(String::as_str).collect()
    }
}
