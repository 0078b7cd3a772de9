//! How a linked component gets into the server: one line, `component!`, and a `use the_crate as _;` in the server that wants it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::BoxFuture;
use crate::endpoint::Endpoint;
use crate::grant::Grant;
use crate::store::{Store, StoreError};
use crate::system::Clock;
use crate::token_format::TokenFormat;

/// A registered component.
pub enum Component {
    /// An endpoint.
    Endpoint(fn() -> Arc<dyn Endpoint>),
    /// A grant.
    Grant(fn() -> Arc<dyn Grant>),
    /// A form of access tokens, chosen by its name.
    TokenFormat(fn() -> Arc<dyn TokenFormat>),
    /// A store, chosen by the scheme of its URL.
    Store(StoreFactory),
}

inventory::collect!(Component);

/// A store on its way.
pub type Opening = BoxFuture<'static, Result<Arc<dyn Store>, StoreError>>;

/// Opens stores of one scheme.
pub struct StoreFactory {
    /// `memory`, `sqlite`, …
    pub scheme: &'static str,
    /// Opens it.
    pub open: fn(StoreSource) -> Opening,
}

/// Which store to open, and how.
#[derive(Clone)]
pub struct StoreSource {
    /// What follows the scheme: a path or an address. May hold a password: never logged.
    pub address: String,
    /// Folder of the data, for stores that are files.
    pub data: PathBuf,
    /// Whether a missing store is made.
    pub create: bool,
    /// Whether an older layout is brought up to date; not while a process that knows the older one still works with it.
    pub migrate: bool,
    /// Whether commits reach the disk before they are acknowledged.
    pub durable: bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Registers a component: `component!(Endpoint: TokenEndpoint)`, where the value is `Default`.
#[macro_export]
macro_rules! component {
    (Endpoint: $type:ty) => {
        $crate::inventory::submit! { $crate::registry::Component::Endpoint(|| std::sync::Arc::new(<$type>::default())) }
    };
    (Grant: $type:ty) => {
        $crate::inventory::submit! { $crate::registry::Component::Grant(|| std::sync::Arc::new(<$type>::default())) }
    };
    (TokenFormat: $type:ty) => {
        $crate::inventory::submit! { $crate::registry::Component::TokenFormat(|| std::sync::Arc::new(<$type>::default())) }
    };
    (Store: $scheme:literal, $open:path) => {
        $crate::inventory::submit! { $crate::registry::Component::Store($crate::registry::StoreFactory { scheme: $scheme, open: $open }) }
    };
}

/// Every endpoint that is linked in, by name.
pub fn endpoints() -> Vec<Arc<dyn Endpoint>> {
    let mut found: Vec<Arc<dyn Endpoint>> = inventory::iter::<Component>
        .into_iter()
        .filter_map(|component| if let Component::Endpoint(make) = component { Some(make()) } else { None })
        .collect();
    found.sort_by(|a, b| a.name().cmp(b.name()));
    found
}

/// Every grant that is linked in, by `grant_type`.
pub fn grants() -> Vec<Arc<dyn Grant>> {
    let mut found: Vec<Arc<dyn Grant>> = inventory::iter::<Component>
        .into_iter()
        .filter_map(|component| if let Component::Grant(make) = component { Some(make()) } else { None })
        .collect();
    found.sort_by(|a, b| a.grant_type().cmp(b.grant_type()));
    found
}

/// Every form of access tokens that is linked in, by name.
pub fn token_formats() -> Vec<Arc<dyn TokenFormat>> {
    let mut found: Vec<Arc<dyn TokenFormat>> = inventory::iter::<Component>
        .into_iter()
        .filter_map(|component| if let Component::TokenFormat(make) = component { Some(make()) } else { None })
        .collect();
    found.sort_by_key(|format| format.name());
    found
}

/// The store of a scheme.
pub fn store(scheme: &str) -> Option<&'static StoreFactory> {
    inventory::iter::<Component>.into_iter().find_map(|component| match component {
        Component::Store(factory) if factory.scheme == scheme => Some(factory),
        _ => None,
    })
}

/// The schemes of every store that is linked in, sorted.
pub fn store_schemes() -> Vec<&'static str> {
    let mut schemes: Vec<_> = inventory::iter::<Component>
        .into_iter()
        .filter_map(|component| if let Component::Store(factory) = component { Some(factory.scheme) } else { None })
        .collect();
    schemes.sort_unstable();
    schemes
}
