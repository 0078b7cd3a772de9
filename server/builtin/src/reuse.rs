//! A live access token given again: same client, user, grant type and scope (python-oauth2's unique tokens), for clients that want it.
//!
//! The text of a token is nowhere else kept; here a sealed copy is, under a name that says nothing.

use keyhook_component::batch::Operation;
use keyhook_component::context::Context;
use keyhook_component::record::{Key, Kind};
use keyhook_component::records::{ReusableToken, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::token_format::NewToken;
use keyhook_core::crypto::sha256;
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;

/// The field that a sealed copy is bound to, besides its record's kind and key.
const TEXT: &str = "text";

/// What has to be equal for a token to be given again.
pub(crate) struct Same {
    key: Key,
}

impl Same {
    /// `None` where nothing is given again: the client does not want it, or there is no user.
    pub(crate) fn of(new: &NewToken<'_>, grant_type: &str) -> Option<Same> {
        let subject = new.pending.subject.as_deref().filter(|_| new.client.tokens.reuse)?;
        // Order does not count in a scope (RFC 6749 §3.3).
        let mut scope: Vec<_> = new.pending.scope.scope().iter().collect();
        scope.sort_unstable();
        let mut parts = vec!["reuse", &new.client.id, grant_type, subject];
        let (scope, attributes) = (scope.join(" "), serde_json::to_string(new.attributes).ok()?);
        parts.push(&scope);
        if !new.attributes.is_empty() {
            parts.push(&attributes);
        }
        let named = parts.iter().fold(String::new(), |named, part| named + &format!("{}:{part}", part.len()));
        Some(Same { key: Key::named(sha256(named.as_bytes())) })
    }

    /// The token that was issued before, and when it ends, if it is live at this moment.
    ///
    /// # Errors
    /// When a store cannot answer, or the copy cannot be opened.
    pub(crate) async fn find(&self, now: Timestamp, context: &Context) -> Result<Option<(Secret<String>, Timestamp)>, OAuthError> {
        let Lookup::Live(found) = context.records.read::<ReusableToken>(&self.key).await? else { return Ok(None) };
        if found.expires_at.has_passed(now) {
            return Ok(None);
        }
        let opened = context
            .sealer
            .open(Kind::HashedToken.name(), &self.key.to_bytes(), TEXT, &found.body.sealed)
            .map_err(|error| OAuthError::server_error(format!("opening the copy of an access token: {error}")))?;
        let text = std::str::from_utf8(opened.expose()).map_err(|_| OAuthError::server_error("the copy of an access token is not text"))?;
        for format in context.formats.iter().filter(|format| format.recognizes(text)) {
            if let Some(live) = format.live(text, context).await? {
                return Ok(Some((Secret::new(text.to_owned()), live.expires_at)));
            }
        }
        Ok(None)
    }

    /// The write that keeps a new token for the next time.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub(crate) fn keep(self, text: &Secret<String>, new: &NewToken<'_>, context: &Context) -> Result<Operation, OAuthError> {
        let sealed = context
            .sealer
            .seal(Kind::HashedToken.name(), &self.key.to_bytes(), TEXT, text.expose().as_bytes(), &context.random.bytes())
            .map_err(|error| OAuthError::server_error(format!("sealing the copy of an access token: {error}")))?;
        let record = Stored::new(self.key, new.expires_at, ReusableToken { sealed })
            .of_grant(new.pending.grant)
            .of_client(new.client.id.as_str())
            .of_subject(new.pending.subject.clone());
        Ok(record.put()?)
    }
}
