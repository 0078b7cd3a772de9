//! Which store a command means, and how it is opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::record::Group;
use keyhook_component::registry::{self, StoreSource};
use keyhook_component::store::{Store, StoreError};
use keyhook_core::secret::Secret;

use crate::cli::Global;
use crate::commands::online;
use crate::config::{GroupStore, not_built_in};
use crate::failure::{Exit, Failure};
use crate::stores::May;
use crate::system::SystemClock;

/// A store that a command works on.
pub(super) struct Place {
    store: GroupStore,
    /// Where files lie whose path is relative.
    pub(super) data: PathBuf,
    durable: bool,
    /// What the configuration keeps there; everything, when only the URL is known.
    pub(super) groups: Vec<Group>,
}

/// The store of the URL, or those of the configuration.
///
/// # Errors
/// `KH0460` when the URL names no store; the findings of the configuration.
pub(super) fn named(global: &Global, url: Option<&str>) -> Result<Vec<Place>, Failure> {
    if let Some(url) = url {
        return Ok(vec![Place::of(global, url)?]);
    }
    let config = online::deployment(global)?;
    let mut groups: BTreeMap<&GroupStore, Vec<Group>> = BTreeMap::new();
    for group in Group::ALL {
        groups.entry(config.store.of(group)).or_default().push(group);
    }
    let place = |(store, groups): (&GroupStore, Vec<Group>)| Place {
        store: store.clone(),
        data: config.server.data.clone(),
        durable: config.store.durable,
        groups,
    };
    Ok(groups.into_iter().map(place).collect())
}

impl Place {
    /// # Errors
    /// `KH0460` when the URL names no store, or its file cannot be read; `KH0470` when the store is not in this server.
    pub(super) fn of(global: &Global, url: &str) -> Result<Place, Failure> {
        let refused = |why: String| Failure::new("KH0460", Exit::Usage, why);
        let text = match url.strip_prefix('@') {
            None => Secret::new(url.to_owned()),
            Some(file) => Secret::new(std::fs::read_to_string(file).map_err(|error| refused(format!("{file} cannot be read: {error}")))?),
        };
        let scheme = text.expose().trim().split(':').next().unwrap_or_default();
        if let Some(why) = not_built_in(scheme) {
            return Err(Failure::new("KH0470", Exit::Usage, why));
        }
        let store = GroupStore::parse(text.expose().trim()).map_err(refused)?;
        // Without a deployment a relative path lies in this folder.
        let data = global.data.clone().or_else(|| Some(online::deployment(global).ok()?.server.data));
        Ok(Place { store, data: data.unwrap_or_else(|| PathBuf::from(".")), durable: true, groups: Group::ALL.to_vec() })
    }

    /// The URL without its password.
    pub(super) fn shown(&self) -> String {
        self.store.shown()
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn open(&self, may: May) -> Result<Arc<dyn Store>, StoreError> {
        let factory = registry::store(&self.store.scheme).ok_or_else(|| StoreError::Unusable(String::from("KH0470 no such store")))?;
        let source = StoreSource {
            address: self.store.address.clone(),
            data: self.data.clone(),
            create: may.create,
            migrate: may.migrate,
            durable: self.durable,
            clock: Arc::new(SystemClock),
        };
        (factory.open)(source).await
    }
}
