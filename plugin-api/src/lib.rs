//! What a keyhook plugin is written against: hooks, URL handlers, and the border to the server.
//!
//! A plugin is a crate with functions under [`hook`] and [`handler`] and one [`plugin!`]. Built as a `cdylib` it is a library
//! that is dropped into the server's plugin folder; linked into a program it runs the same. This is a whole one:
//!
//! ```
//! use keyhook_plugin::prelude::*;
//!
//! #[hook(access_token_response, inline)]
//! fn customize(cx: &mut TokenResponseCx) -> Outcome {
//!     cx.response().remove("expires_in")?;
//!     cx.response().set("user_name", "Bob")?;
//!     Continue
//! }
//!
//! #[handler(GET, "/my/custom/url")]
//! fn hello(_: &RequestCx) -> Outcome {
//!     Respond::text("hello world")
//! }
//!
//! plugin! { name: "bob" }
//! # fn main() {}
//! ```
//!
//! A misspelled hook does not compile, and the error lists the hooks there are:
//!
//! ```compile_fail
//! use keyhook_plugin::prelude::*;
//!
//! #[hook(access_token_respons, inline)]
//! fn customize(_: &mut TokenResponseCx) -> Outcome {
//!     Continue
//! }
//! # fn main() {}
//! ```
//!
//! # Hooks
//!
//! | name | context | decides |
//! |---|---|---|
//! | `authorization_GET` | [`AuthorizationGetCx`] | answer the browser, [`sign_in`](AuthorizationCx::sign_in), [`approve`](AuthorizationCx::approve), deny |
//! | `authorization_POST` | [`AuthorizationPostCx`] | the same, with the form |
//! | `client_assertion = "…"` | [`ClientAssertionCx`] | which client an assertion proves, deny |
//! | `token_grant = "…"` | [`TokenGrantCx`] | what is [granted](Grant), deny |
//! | `access_token_validation` | [`TokenCx`] | deny |
//! | `access_token_response` | [`TokenResponseCx`] | change the response, deny |
//! | `oauth1_consumer` | [`Oauth1ConsumerCx`] | which client a consumer key [stands for](Oauth1ConsumerCx::stands_for), deny |
//! | `oauth1_signature = "…"` | [`Oauth1SignatureCx`] | which signature is the [right one](ExpectedSignature), deny |
//! | `oauth1_request` | [`Oauth1RequestCx`] | deny |
//! | `request_token_response` | [`RequestTokenResponseCx`] | change the response, deny |
//! | `oauth1_access_token_response` | [`Oauth1TokenResponseCx`] | change the response, deny |
//! | `custom = "…"` | [`CustomCx`] | change the payload, deny |
//!
//! An `inline` hook runs on the server's async worker and must not wait for anything; without `inline` it runs on a thread of
//! its own, and may.
//!
//! # What goes wrong
//!
//! Missing or broken means no: an error, a panic, a passed deadline deny the request, and none of the call's edits are kept.
//! A value read from a context is borrowed from it until the next change, so copy (`to_owned`) what has to outlive one.

pub mod abi;
mod client;
mod config;
mod cx;
mod deny;
mod forward;
/// The hook points this version knows.
pub mod hook_names;
pub mod html;
pub mod json;
mod members;
#[cfg(doctest)]
mod misuse;
mod outcome;
mod refused;
#[doc(hidden)]
pub mod registry;
mod respond;
mod secret;
mod session;
mod store;
mod thunk;

pub use client::{NewClient, NewCredentials};
pub use config::Config;
pub use cx::{
    Approve, Authenticated, AuthorizationCx, AuthorizationGetCx, AuthorizationPostCx, ClientAssertionCx, CustomCx, Cx, ExpectedSignature,
    Grant, Oauth1ConsumerCx, Oauth1RequestCx, Oauth1SignatureCx, Oauth1TokenCx, Oauth1TokenResponseCx, RequestCx, RequestTokenResponseCx,
    SignIn, StartCx, TokenCx, TokenGrantCx, TokenResponseCx,
};
pub use deny::Deny;
#[doc(hidden)]
pub use inventory;
pub use keyhook_plugin_macros::{handler, hook};
pub use members::{IntoValue, Json, Members, Value};
pub use outcome::{Continue, Outcome, Verdict};
pub use refused::{Reason, Refused};
pub use respond::{Respond, ResponseBuilder};
pub use secret::same_secret;
pub use session::Session;
pub use store::Store;
pub use thunk::{KEYHOOK_PLUGIN_ABI_TAG, image_id, keyhook_plugin_entry_v1};
pub use tracing;

/// What a plugin's source begins with: `use keyhook_plugin::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Approve, Authenticated, AuthorizationCx, AuthorizationGetCx, AuthorizationPostCx, ClientAssertionCx, Config, Continue, CustomCx,
        Cx, Deny, ExpectedSignature, Grant, Json, NewClient, NewCredentials, Oauth1ConsumerCx, Oauth1RequestCx, Oauth1SignatureCx,
        Oauth1TokenCx, Oauth1TokenResponseCx, Outcome, Reason, Refused, RequestCx, RequestTokenResponseCx, Respond, SignIn, StartCx,
        TokenCx, TokenGrantCx, TokenResponseCx, handler, hook, plugin, same_secret,
    };
    pub use tracing::{debug, error, info, trace, warn};
}

/// Names the plugin: once in a crate, for all its hooks and handlers.
///
/// `version` is the package's if left out. `start` is called with the configuration whenever the server takes the plugin into
/// use; what it gives is at hand as [`Cx::state`], what it refuses keeps the server from using the plugin.
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// struct Seats(i64);
///
/// fn start(cx: &StartCx) -> Result<Seats, String> {
///     Ok(Seats(cx.config().integer("/seats")?.unwrap_or(10)))
/// }
///
/// plugin! { name: "seats", version: "2.0.0", start: start }
/// # fn main() {}
/// ```
///
/// A name has 1–64 bytes of `a-z A-Z 0-9 - _ .`:
///
/// ```compile_fail
/// keyhook_plugin::plugin! { name: "my seats" }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    (name: $name:expr, version: $version:expr, start: $start:expr $(,)?) => {
        $crate::plugin!(@register $name, $version, {
            // A function, so that a closure's argument gets its type from here; its name is nobody else's, for items are not
            // hygienic.
            fn __keyhook_start(
                cx: &$crate::StartCx,
            ) -> ::std::result::Result<
                ::std::sync::Arc<dyn ::std::any::Any + ::std::marker::Send + ::std::marker::Sync>,
                ::std::string::String,
            > {
                $crate::started($start, cx)
            }
            ::std::option::Option::Some(__keyhook_start as $crate::registry::StartFn)
        });
    };
    (name: $name:expr, start: $start:expr $(,)?) => {
        $crate::plugin! { name: $name, version: ::std::env!("CARGO_PKG_VERSION"), start: $start }
    };
    (name: $name:expr, version: $version:expr $(,)?) => {
        $crate::plugin!(@register $name, $version, ::std::option::Option::None);
    };
    (name: $name:expr $(,)?) => {
        $crate::plugin! { name: $name, version: ::std::env!("CARGO_PKG_VERSION") }
    };
    (@register $name:expr, $version:expr, $start:expr) => {
        const _: () = {
            const __KEYHOOK_NAME: &str = $name;
            assert!(
                $crate::registry::is_plugin_name(__KEYHOOK_NAME),
                "a plugin's name has 1 to 64 bytes of a-z A-Z 0-9 - _ ."
            );
            $crate::inventory::submit! {
                $crate::registry::PluginRegistration {
                    module: ::std::module_path!(),
                    name: __KEYHOOK_NAME,
                    version: $version,
                    start: $start,
                }
            }
        };
    };
}

/// Runs a plugin's `start`. Called by [`plugin!`].
#[doc(hidden)]
pub fn started<S: Send + Sync + 'static, E: std::fmt::Display>(
    start: fn(&StartCx) -> Result<S, E>,
    cx: &StartCx,
) -> Result<std::sync::Arc<dyn std::any::Any + Send + Sync>, String> {
    match start(cx) {
        Ok(state) => Ok(std::sync::Arc::new(state)),
        Err(reason) => Err(reason.to_string()),
    }
}
