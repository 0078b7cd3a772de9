//! What an operator decides for one client about its tokens: their form, their lifetimes per grant, how refresh tokens rotate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Client, ClientError, ClientKind, require};
use crate::error::OAuthError;
use crate::scope::{Granted, Scope};

/// What happens to a scope that a client asks for and may not have (RFC 6749 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopePolicy {
    /// The request is refused with `invalid_scope`.
    #[default]
    Strict,
    /// It is left out. The response always says what was granted, so the client knows.
    Narrow,
}

/// What holds for one grant type; what is absent follows from the wider rule.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantPolicy {
    /// Lifetime of access tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_ttl: Option<u64>,
    /// Lifetime of refresh tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_ttl: Option<u64>,
    /// Whether a refresh token comes along. `true` does not give one to a client that may not use `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<bool>,
}

/// What an operator decides for one client about its tokens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenPolicy {
    /// Name of the token format; the server's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `aud` of its JWTs (RFC 9068 §2.2); the server's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Whether a refresh token is exchanged at every use (RFC 9700 §4.14). Always so for public clients.
    pub rotate: bool,
    /// Seconds for which a spent refresh token brings its successor again; the server's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_grace: Option<u64>,
    /// Whether a live access token of the same user, grant type and scope is given again instead of a new one.
    pub reuse: bool,
    /// What happens to a scope it may not have.
    pub scope: ScopePolicy,
    /// What differs for one `grant_type`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants: BTreeMap<String, GrantPolicy>,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            format: None,
            audience: None,
            rotate: true,
            refresh_grace: None,
            reuse: false,
            scope: ScopePolicy::Strict,
            grants: BTreeMap::new(),
        }
    }
}

/// Nobody's lost answer takes longer, and a thief may use the window too.
const LONGEST_GRACE: u64 = 60;

impl TokenPolicy {
    /// Whether the policy fits its client.
    pub(super) fn validate(&self, client: &Client) -> Result<(), ClientError> {
        let rotates = self.rotate || client.kind == ClientKind::Confidential;
        require(rotates, "tokens.rotate", "refresh tokens of a public client have to rotate (RFC 9700 §4.14.2)")?;
        let grace = self.refresh_grace.unwrap_or_default() <= LONGEST_GRACE;
        require(grace, "tokens.refresh_grace", "it can be 60 seconds at most")?;
        let audience = self
            .audience
            .as_deref()
            .is_none_or(|audience| !audience.is_empty() && crate::text::is_visible_ascii(audience) && !audience.contains(' '));
        require(audience, "tokens.audience", "it must be visible ASCII, such as https://api.example")?;
        for policy in self.grants.values() {
            let spoken = policy.access_ttl != Some(0) && policy.refresh_ttl != Some(0);
            require(spoken, "tokens.grants", "a lifetime must be longer than zero seconds")?;
        }
        Ok(())
    }
}

impl Client {
    /// What it gets of a requested scope, by its policy; its default scope if it asks for none (RFC 6749 §3.3).
    ///
    /// # Errors
    /// `invalid_scope` for a part that it may not have; under [`ScopePolicy::Narrow`] if it may have nothing of it.
    pub fn narrow(&self, requested: Option<&Scope>) -> Result<Granted, OAuthError> {
        match (self.tokens.scope, requested.filter(|scope| !scope.is_empty())) {
            (ScopePolicy::Narrow, Some(wanted)) => Granted::restore(wanted.clone()).still(&self.scope),
            _ => Granted::narrow(requested, &self.scope, &self.default_scope),
        }
    }

    /// Its own lifetime of access tokens under a grant type, in seconds.
    pub fn access_ttl_for(&self, grant_type: &str) -> Option<u64> {
        self.tokens.grants.get(grant_type).and_then(|policy| policy.access_ttl).or(self.access_ttl)
    }

    /// Its own lifetime of refresh tokens under a grant type, in seconds.
    pub fn refresh_ttl_for(&self, grant_type: &str) -> Option<u64> {
        self.tokens.grants.get(grant_type).and_then(|policy| policy.refresh_ttl).or(self.refresh_ttl)
    }

    /// The longest of its own lifetimes of access tokens, in seconds.
    pub fn longest_access_ttl(&self) -> Option<u64> {
        self.tokens.grants.values().filter_map(|policy| policy.access_ttl).chain(self.access_ttl).max()
    }

    /// Whether a refresh token comes with an access token of this grant type: the client may use one, and nobody said no.
    /// `default` is what the server says of the grant type.
    pub fn is_given_refresh(&self, grant_type: &str, default: Option<bool>) -> bool {
        let said = self.tokens.grants.get(grant_type).and_then(|policy| policy.refresh).or(default);
        said != Some(false) && self.allows_grant("refresh_token").is_ok()
    }

    /// Whether its refresh tokens are exchanged at every use.
    pub fn rotates(&self) -> bool {
        self.tokens.rotate || self.kind == ClientKind::Public
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::secret::SecretHash;

    fn client() -> Client {
        Client::confidential("shop", "Shop", SecretHash::of(b"secret"))
    }

    #[test]
    fn the_narrower_rule_wins() {
        let mut client = Client { access_ttl: Some(600), ..client() };
        client.tokens.grants.insert("password".into(), GrantPolicy { access_ttl: Some(900), refresh: Some(false), refresh_ttl: Some(5) });
        assert_eq!((client.access_ttl_for("password"), client.access_ttl_for("authorization_code")), (Some(900), Some(600)));
        assert_eq!((client.refresh_ttl_for("password"), client.refresh_ttl_for("x")), (Some(5), None));
        assert_eq!(client.longest_access_ttl(), Some(900));
        assert!(!client.is_given_refresh("password", Some(true)) && client.is_given_refresh("authorization_code", None));
        assert!(!client.is_given_refresh("authorization_code", Some(false)));
        client.grant_types = vec!["authorization_code".into()];
        assert!(!client.is_given_refresh("authorization_code", Some(true)), "it may not use one");
    }

    /// RFC 6749 §3.3: the server may ignore a part of the requested scope, and then says which scope was granted.
    #[test]
    fn a_client_under_the_narrowing_policy_gets_what_it_may_have_of_a_scope() {
        let scope = |text: &str| Scope::parse(text).unwrap();
        let mut client = Client { scope: scope("read write"), default_scope: scope("read"), ..client() };
        assert!(client.narrow(Some(&scope("read admin"))).is_err());
        client.tokens.scope = ScopePolicy::Narrow;
        assert_eq!(client.narrow(Some(&scope("admin write"))).unwrap().scope(), &scope("write"));
        assert_eq!(client.narrow(None).unwrap().scope(), &scope("read"));
        assert_eq!(client.narrow(Some(&scope(""))).unwrap().scope(), &scope("read"));
        assert!(client.narrow(Some(&scope("admin"))).is_err(), "nothing is left, and nothing could mean anything");
    }

    /// RFC 9700 §4.14.2.
    #[test]
    fn refresh_tokens_of_a_public_client_rotate_whatever_is_said() {
        let mut public = Client {
            redirect_uris: vec![crate::redirect::RedirectUri::parse("https://a.example/").unwrap()],
            ..Client::public("app", "App")
        };
        public.tokens.rotate = false;
        assert!(public.rotates());
        assert_eq!(public.validate().unwrap_err().field, "tokens.rotate");
        let mut confidential = Client { redirect_uris: public.redirect_uris, ..client() };
        confidential.tokens.rotate = false;
        assert!(!confidential.rotates() && confidential.validate().is_ok());
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        let refused = |change: &dyn Fn(&mut TokenPolicy)| {
            let mut client = Client { grant_types: vec!["client_credentials".into()], ..client() };
            change(&mut client.tokens);
            client.validate().unwrap_err().field
        };
        assert_eq!(refused(&|policy: &mut TokenPolicy| policy.refresh_grace = Some(61)), "tokens.refresh_grace");
        assert_eq!(refused(&|policy: &mut TokenPolicy| policy.audience = Some("a b".into())), "tokens.audience");
        let never = || GrantPolicy { access_ttl: Some(0), ..GrantPolicy::default() };
        assert_eq!(refused(&|policy: &mut TokenPolicy| policy.grants = BTreeMap::from([("x".into(), never())])), "tokens.grants");
    }

    #[test]
    fn a_client_without_a_policy_is_read_and_written_without_one() {
        let plain = serde_json::to_value(client()).unwrap();
        assert!(plain.get("tokens").is_none());
        assert_eq!(serde_json::from_value::<Client>(plain).unwrap().tokens, TokenPolicy::default());
        assert!(serde_json::from_str::<TokenPolicy>(r#"{"rotatte":false}"#).is_err());
    }
}
