//! Who a request comes from: a client, a user, or a client on behalf of a user.

use std::sync::Arc;

use keyhook_core::{Scope, Timestamp};
use serde_json::{Map, Value};

/// Who it is. Three kinds, so that a user whose name looks like a client's is never taken for one (RFC 9700 §4.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A client that acts for itself.
    Client {
        /// Its id.
        client: String,
    },
    /// A user who came without OAuth, through the application's own sign-in.
    User {
        /// The user.
        user: String,
    },
    /// A client on behalf of a user.
    ClientForUser {
        /// The client's id.
        client: String,
        /// The user.
        user: String,
    },
}

/// How a principal proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// By something of the application's own.
    Own,
    /// By an OAuth 2 access token (RFC 6750).
    OAuth2,
    /// By a request signed with OAuth 1.0a (RFC 5849).
    OAuth1,
}

/// A principal: the identity, and what came with its token. Cloning is cheap; a guard puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct Principal(Arc<Proved>);

/// What a check of a token or signature proved.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Who.
    pub identity: Identity,
    /// How.
    pub protocol: Protocol,
    /// What it may do.
    pub scope: Scope,
    /// What the token is for (RFC 9068 §2.2, RFC 7662 §2.2); empty where that was not said.
    pub audience: Vec<String>,
    /// Who issued the token, where that was said.
    pub issuer: Option<String>,
    /// When the token ends, where that was said.
    pub expires_at: Option<Timestamp>,
    /// Everything else that the server said of token, client and user: `username`, `jti`, and what its plugins added.
    pub attributes: Map<String, Value>,
}

impl Principal {
    /// A principal, for those who check credentials themselves, such as a `Verifier` of one's own.
    pub fn new(proved: Proved) -> Principal {
        Principal(Arc::new(proved))
    }

    /// A user who signed in at the application itself. An application puts it into the request's extensions before the guard
    /// sees the request; it counts where the request has no token.
    pub fn user_of_application(user: impl Into<String>) -> Principal {
        Principal::new(Proved {
            identity: Identity::User { user: user.into() },
            protocol: Protocol::Own,
            scope: Scope::empty(),
            audience: Vec::new(),
            issuer: None,
            expires_at: None,
            attributes: Map::new(),
        })
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// How it proved itself.
    pub fn protocol(&self) -> Protocol {
        self.0.protocol
    }

    /// The client, if there is one.
    pub fn client(&self) -> Option<&str> {
        match &self.0.identity {
            Identity::Client { client } | Identity::ClientForUser { client, .. } => Some(client),
            Identity::User { .. } => None,
        }
    }

    /// The user, if there is one. A client that acts for itself has none, whatever its token's `sub` says.
    pub fn user(&self) -> Option<&str> {
        match &self.0.identity {
            Identity::User { user } | Identity::ClientForUser { user, .. } => Some(user),
            Identity::Client { .. } => None,
        }
    }

    /// What it may do.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// What its token is for; empty where that was not said.
    pub fn audience(&self) -> &[String] {
        &self.0.audience
    }

    /// Who issued its token, where that was said.
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// When its token ends, where that was said.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }

    /// Something else that the server said of token, client or user.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.0.attributes.get(name)
    }

    /// All of that.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.0.attributes
    }

    /// What a plugin of keyhook's attached to the token, under the name that `[tokens] attributes` lets out.
    pub fn token_attribute(&self, name: &str) -> Option<&Value> {
        self.attribute("token_attributes")?.get(name)
    }

    /// What keyhook's operator keeps about the client (`keyhook client update ID --attribute`).
    pub fn client_attribute(&self, name: &str) -> Option<&Value> {
        self.attribute("client_attributes")?.get(name)
    }
}

impl Identity {
    /// The identity that `client_id` and `sub` of a token name. A subject that is the client is no user (RFC 9068 §2.2).
    pub fn of_token(client: String, subject: Option<String>) -> Identity {
        match subject {
            Some(user) if user != client => Identity::ClientForUser { client, user },
            _ => Identity::Client { client },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_the_client_or_absent_is_no_user() {
        let of = |subject: Option<&str>| Identity::of_token("shop".to_owned(), subject.map(str::to_owned));
        assert_eq!(of(None), Identity::Client { client: "shop".to_owned() });
        assert_eq!(of(Some("shop")), of(None));
        assert_eq!(of(Some("alice")), Identity::ClientForUser { client: "shop".to_owned(), user: "alice".to_owned() });
    }

    #[test]
    fn a_user_of_the_application_has_no_client_and_no_scope() {
        let alice = Principal::user_of_application("alice");
        assert_eq!((alice.user(), alice.client(), alice.protocol()), (Some("alice"), None, Protocol::Own));
        assert!(alice.scope().is_empty() && alice.attributes().is_empty() && alice.expires_at().is_none());
    }
}
