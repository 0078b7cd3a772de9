//! OAuth 1.0a for a server, as pure functions: read a request, find its signature base string, judge its signature (RFC 5849).
//!
//! The order in which a server uses it:
//!
//! 1. [`Unverified::read`] takes the protocol parameters out of a request, or finds that it has none.
//! 2. The caller looks up the consumer and the token that [`Parameters`] names, and the [`SignatureMethod`].
//! 3. [`Unverified::check`] gives a [`VerifiedRequest`], which nothing else makes. Whoever is unknown costs the same time and gets the
//!    same answer as whoever signed wrongly.
//! 4. The caller records [`VerifiedRequest::nonce`] in its store, where exactly one can; only then it acts.
//!
//! ```
//! use keyhook_core::oauth1::{Expected, SignedRequest, SigningKey, Unverified, Window, signature};
//! use keyhook_core::Timestamp;
//!
//! // RFC 5849 §1.2, the request for a photo.
//! let request = SignedRequest {
//!     method: "GET",
//!     scheme: "http",
//!     authority: "photos.example.net",
//!     path: "/photos",
//!     query: Some("file=vacation.jpg&size=original"),
//!     authorization: Some(concat!(
//!         r#"OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", "#,
//!         r#"oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", "#,
//!         r#"oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D""#,
//!     )),
//!     form_body: None,
//!     body_other: None,
//! };
//! let unverified = Unverified::read(&request)?.ok_or("not signed")?;
//! assert_eq!(unverified.parameters().consumer_key(), "dpf43f3p2l4k3l03");
//! let verified = unverified.check(
//!     &Expected {
//!         method: signature::named("HMAC-SHA1"),
//!         allowed: &["HMAC-SHA1".to_owned()],
//!         key: Ok(SigningKey::shared("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")),
//!         window: Window::default(),
//!     },
//!     Timestamp::from_seconds(137_131_210),
//! )?;
//! assert_eq!(verified.token(), Some("nnch734d00sl2jdk"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod base_string;
mod body_hash;
pub mod callback;
pub mod credentials;
pub mod diagnosis;
pub mod encoding;
pub mod error;
mod header;
mod pairs;
pub mod parameters;
pub mod request;
pub mod sign;
pub mod signature;
pub mod signed_by;
pub mod timestamp;
mod value;
pub mod verifier;
pub mod verify;

#[cfg(test)]
mod tests;

pub use base_string::BaseString;
pub use callback::Callback;
pub use credentials::{TemporaryCredentials, TokenCredentials};
pub use diagnosis::Diagnosis;
pub use error::{Oauth1Error, Problem};
pub use parameters::{Parameters, Source};
pub use request::SignedRequest;
pub use sign::{Signed, Signer};
pub use signature::{SignatureMethod, SigningKey};
pub use signed_by::{SignedBy, SignedRequests, Unproven};
pub use timestamp::{NonceKey, Window};
pub use verifier::VerifierKind;
pub use verify::{Expected, Unknown, Unverified, VerifiedRequest};
