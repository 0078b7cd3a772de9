//! OAuth 1.0a on the same server, records and pages, for clients that know nothing newer (RFC 5849). Off unless `[oauth1] enabled`.
//!
//! A request's way: [`verify`] says who signed it and records its nonce; an endpoint acts; [`refused::Refused`] is every no. The user
//! decides in [`crate::flow`], as for OAuth 2.0; [`authorized`] is what becomes of a yes.

mod access_token;
mod answer;
mod arrived;
mod authenticate;
mod authorize;
pub(crate) mod authorized;
mod consumer;
pub(crate) mod credentials;
mod embedded;
mod hooks;
pub(crate) mod introspect;
mod nonce;
mod refused;
mod request_token;
pub(crate) mod signed;
mod signed_by;
pub(crate) mod verify;

pub use access_token::AccessTokenEndpoint;
pub(crate) use authenticate::authenticate;
pub use authorize::Oauth1AuthorizeEndpoint;
pub use embedded::{Decided, Waiting};
pub use request_token::RequestTokenEndpoint;
pub use signed_by::prove;

/// The name of the grant, for plugins and for the policies of `[grants.oauth1]`.
pub(crate) const GRANT_TYPE: &str = "oauth1";
