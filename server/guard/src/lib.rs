//! Protects an API with keyhook's tokens: plain functions, and a tower layer (RFC 6750, RFC 9728).
//!
//! A [`Guard`] reads the `Authorization` header, finds out whose token it is, and asks a rule whether that one may pass. It needs
//! the head of a request only; bodies are left alone. What is missing, broken or unknown is not let in.
//!
//! ```no_run
//! use keyhook_guard::{Guard, Introspection, Principal, all, has_scope, is_oauth_user};
//!
//! # async fn run(request: http::Request<()>) -> Result<(), Box<dyn std::error::Error>> {
//! // Once, at the start. The API is a confidential client that may introspect:
//! // keyhook client add api --grant client_credentials --introspect
//! let introspection = Introspection::at("https://login.example/introspect").client("api", "khx_…").build()?;
//! let guard = Guard::new(introspection).realm("photos");
//! let rule = all([is_oauth_user(None, None), has_scope("read")]);
//!
//! // For each request, in any framework whose requests have `http`'s head.
//! let (parts, _body) = request.into_parts();
//! match guard.admit(&parts, &rule).await {
//!     Ok(principal) => println!("photos of {:?}", principal.as_ref().and_then(Principal::user)),
//!     Err(refused) => println!("{:?}", guard.refuse::<bytes::Bytes>(&refused)),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! **axum, tower**: [`Guard::layer`] makes a layer; handlers find the [`Principal`] with `Extension<Principal>`.
//!
//! ```no_run
//! use axum::{Extension, Router, routing::get};
//! use keyhook_guard::{Guard, Introspection, Principal, all, has_scope, is_oauth_user};
//!
//! fn photos() -> Result<Router, Box<dyn std::error::Error>> {
//!     let introspection = Introspection::at("https://login.example/introspect").client("api", "khx_...").build()?;
//!     let guard = Guard::new(introspection).realm("photos");
//!     let handler = get(|Extension(who): Extension<Principal>| async move { format!("photos of {}", who.user().unwrap_or_default()) });
//!     Ok(Router::new().route("/photos", handler).layer(guard.layer(all([is_oauth_user(None, None), has_scope("read")]))))
//! }
//! ```
//!
//! **hyper**: [`Guard::around`] puts the guard around a service.
//!
//! | a request | gets |
//! |---|---|
//! | without a token | 401, `WWW-Authenticate: Bearer`, nothing about an error |
//! | with two `Authorization` headers, a malformed one, or a token in the query as well | 400 `invalid_request` |
//! | with a token that is unknown, expired, revoked, or not for this API | 401 `invalid_token` |
//! | whose token lacks a scope | 403 `insufficient_scope`, and which |
//! | whose principal may not do this | 403 |
//! | while the authorization server cannot be asked | 503 with `Retry-After`, never yes |
//!
//! **Who it is** ([`Identity`]): a client that acts for itself, a client on behalf of a user, or a user who signed in at the
//! application itself ([`Principal::user_of_application`]). What else the server says of token, client and user are the
//! principal's [attributes](Principal::attribute): [`Principal::token_attribute`], [`Principal::client_attribute`].
//!
//! **Signed requests** of OAuth 1.0a (RFC 5849), where [`Guard::signed_requests`] takes them: the authorization server verifies them and
//! remembers their nonces, and the rules are the same. A form is part of what is signed, so [`Guard::form_layer`] reads it and hands it
//! on as it came; everything else is left unread. Elsewhere [`Guard::admit_form`] takes a form that was read.
//!
//! **In one process** with the server: [`InProcess`] asks its service, and no socket is opened.
//!
//! **Rules** ([`predicate`]): [`is_consumer`], [`is_oauth_user`], [`not_oauth`], [`has_scope`], [`authenticated`], [`met_by`] with a
//! test of one's own, put together with [`all`], [`any`] and [`not`]. Without a principal only [`not_oauth`] is met.
//!
//! **Asking** ([`Introspection`]) sees a revocation after 5 seconds at most: so long an answer is kept, by the token's SHA-256.
//! Requests with one token at once ask once.
//! **Signatures** ([`SignedTokens`]) are checked without asking anybody, for tokens that are JWTs (RFC 9068), and see a revocation only
//! when the token ends. [`SignedTokens::otherwise`] puts both together. Another way still is a [`Verifier`] of one's own.
#![forbid(unsafe_code)]

mod answers;
pub mod bearer;
mod challenge;
mod clock;
mod expected;
pub mod fetch;
#[cfg(feature = "tower")]
mod form_layer;
mod guard;
#[cfg(any(feature = "hyper", feature = "tower"))]
mod guarded;
#[cfg(feature = "client")]
mod https;
#[cfg(feature = "tower")]
mod in_process;
pub mod introspection;
#[cfg(feature = "tower")]
mod layer;
mod metadata;
pub mod predicate;
mod principal;
mod refused;
mod setup;
pub mod signatures;
pub mod signed;
mod verifier;

pub use challenge::Challenge;
pub use clock::{Clock, SystemClock};
pub use fetch::Fetch;
#[cfg(feature = "tower")]
pub use form_layer::{FormGuardLayer, FormGuarded, LONGEST_FORM};
pub use guard::Guard;
#[cfg(any(feature = "hyper", feature = "tower"))]
pub use guarded::Guarded;
#[cfg(feature = "client")]
pub use https::HttpsFetch;
#[cfg(feature = "tower")]
pub use in_process::InProcess;
pub use introspection::Introspection;
pub use keyhook_core::crypto::Algorithm;
pub use keyhook_core::{Scope, Secret, Timestamp};
#[cfg(feature = "tower")]
pub use layer::GuardLayer;
pub use metadata::ResourceMetadata;
pub use predicate::{Predicate, all, any, authenticated, has_scope, is_consumer, is_oauth_user, met_by, not, not_oauth};
pub use principal::{Identity, Principal, Protocol, Proved};
pub use refused::{Refused, Unavailable};
pub use setup::SetupError;
pub use signatures::{SignatureVerifier, SignedRequest};
pub use signed::SignedTokens;
pub use verifier::Verifier;
