//! OAuth as pure functions and types: no sockets, no clock, no randomness, no async.
//!
//! Time and chance come in as arguments ([`Timestamp`], arrays of random bytes); what a check proves comes out as a
//! type that nothing else can make ([`ValidatedRedirectUri`], [`AuthenticatedClient`], [`Granted`], [`code::Redeemed`]).
//! Every refusal is an [`OAuthError`], and every error name stands in one table, [`ErrorCode`].
#![forbid(unsafe_code)]

pub mod authorization_header;
pub mod authorize;
pub mod claim;
pub mod client;
pub mod client_auth;
pub mod code;
pub mod crypto;
pub mod error;
pub mod error_code;
pub mod form;
pub mod id;
pub mod introspection;
pub mod issuer;
pub mod jwt;
pub mod kh;
pub mod mask;
pub mod metadata;
pub mod oauth1;
pub mod pkce;
pub mod prompt;
pub mod redirect;
pub mod refresh;
pub mod scope;
pub mod secret;
pub mod signing_ring;
pub mod text;
pub mod time;
pub mod token;

#[cfg(test)]
mod hostile;

pub use authorize::{AuthorizationRequest, Refusal, StoredRequest};
pub use claim::{ClaimError, ValidatedRedirectUri};
pub use client::{Application, AuthMethod, Client, ClientError, ClientKind, GrantPolicy, ScopePolicy, TokenPolicy};
pub use client_auth::{AuthenticatedClient, Credentials};
pub use error::OAuthError;
pub use error_code::ErrorCode;
pub use form::Form;
pub use id::RecordId;
pub use introspection::ActiveToken;
pub use issuer::Issuer;
pub use metadata::Metadata;
pub use pkce::CodeChallenge;
pub use prompt::Prompt;
pub use redirect::RedirectUri;
pub use refresh::RefreshVerdict;
pub use scope::{Granted, Scope};
pub use secret::{Secret, SecretHash};
pub use time::Timestamp;
pub use token::{IssuedToken, TokenKind};
