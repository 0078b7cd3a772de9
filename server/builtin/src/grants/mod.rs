//! The grants that ship, one file per `grant_type` (RFC 6749 §1.3).

pub mod authorization_code;
pub mod client_credentials;
pub mod password;
pub mod refresh_token;
pub mod token_exchange;
