//! An endpoint: some routes and what answers them.

use http::Method;
use keyhook_core::authorize::Refusal;
use keyhook_core::metadata::Metadata;

use crate::BoxFuture;
use crate::context::Context;
use crate::request::Request;
use crate::response::Response;
use crate::settings::Settings;

/// A method and a path pattern (`/x/{id}`, `/files/{*rest}`); `None` is every method.
pub type RoutePattern = (Option<Method>, String);

/// Something that answers at one or more URLs: what ships and what plugins register alike.
pub trait Endpoint: Send + Sync {
    /// Its name, in logs and metrics.
    fn name(&self) -> &str;

    /// Where it answers. An empty list switches it off.
    fn routes(&self, settings: &Settings) -> Vec<RoutePattern>;

    /// Adds what it offers to the metadata document (RFC 8414 §2).
    fn describe(&self, _settings: &Settings, _metadata: &mut Metadata) {}

    /// Whether it serves people: errors are pages then, and the wrong-host page applies.
    fn is_page(&self) -> bool {
        false
    }

    /// Answers.
    ///
    /// # Errors
    /// A [`Refusal`]; the edge turns it into the one response that the error table gives it.
    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>>;
}
