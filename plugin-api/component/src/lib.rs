//! The traits of linked components, and the typed records above every store.
//!
//! What ships in the keyhook binary implements these traits exactly as a stranger's crate would, and registers with the same
//! line, [`component!`]. Nothing here knows a socket, a database or a template engine.
#![forbid(unsafe_code)]

pub mod audit;
pub mod batch;
pub mod cache;
pub mod context;
pub mod dev;
pub mod endpoint;
pub mod fail_point;
pub mod grant;
pub mod hooks;
pub mod pages;
pub mod record;
pub mod records;
pub mod registrar;
pub mod registry;
pub mod request;
pub mod response;
pub mod settings;
pub mod store;
pub mod system;
pub mod token_format;

pub use inventory;
pub use keyhook_core as core;

/// A boxed future: what a trait method that waits returns.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
