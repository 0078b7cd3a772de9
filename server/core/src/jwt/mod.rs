//! JSON Web Tokens as keyhook writes and reads them: compact, signed with a public-key algorithm, typed (RFC 7515, RFC 7519, RFC 8725).

mod access_token;
mod compact;
mod jwk;

pub use access_token::{AccessClaims, AccessTokenWriter, TYPE};
pub use compact::{Rejected, Unverified, looks_like};
pub use jwk::{Jwk, JwkError, JwkSet};
