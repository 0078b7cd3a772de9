//! How a guard asks the authorization server: one request, one small answer.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::setup::SetupError;

/// A future in a box.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests of the guard. `HttpsFetch` does it over sockets; a program may bring its own, and a test one without any.
///
/// It follows no redirect, and gives up an answer that is longer than [`LONGEST_ANSWER`]. Deadlines are the guard's business.
pub trait Fetch: Send + Sync {
    /// One request and its whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer.
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>>;
}

/// The longest answer that is read, bytes.
pub const LONGEST_ANSWER: usize = 256 * 1024;

/// Why there is no answer; for the log, never with a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// How requests are sent where nothing else is said.
#[cfg(feature = "client")]
pub(crate) fn default_fetch() -> Result<Arc<dyn Fetch>, SetupError> {
    Ok(Arc::new(crate::https::HttpsFetch::new()?))
}

/// How requests are sent where nothing else is said: not at all.
#[cfg(not(feature = "client"))]
pub(crate) fn default_fetch() -> Result<Arc<dyn Fetch>, SetupError> {
    Err(SetupError::value("the guard", "it is built without the feature `client`; give it a `Fetch` with `fetch_with`"))
}
