//! Opens the stores that the configuration names and holds them to what their groups need.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Group, Key};
use keyhook_component::records::{Deployment, Records, Stored};
use keyhook_component::registry::{self, StoreSource};
use keyhook_component::store::{Lookup, Promises, Store};
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;

use crate::config::{Config, GroupStore, Mode, group_name};
use crate::failure::{Exit, Failure};

/// What opening may do to a store.
#[derive(Clone, Copy)]
pub(crate) struct May {
    /// Make a missing one.
    pub(crate) create: bool,
    /// Bring an older layout up to date.
    pub(crate) migrate: bool,
}

/// Opens every store once; groups with the same URL share it.
///
/// # Errors
/// When a store cannot be opened, or does not promise what a group needs.
pub(crate) async fn open(config: &Config, clock: &Arc<dyn Clock>, may: May) -> Result<Records, Failure> {
    let mut opened: BTreeMap<&GroupStore, Arc<dyn Store>> = BTreeMap::new();
    for group in Group::ALL {
        let place = config.store.of(group);
        if !opened.contains_key(place) {
            opened.insert(place, open_one(config, place, clock, may).await?);
        }
        let promises = opened[place].promises();
        suits(config, group, place, promises)?;
    }
    let store_of = |group| Arc::clone(&opened[config.store.of(group)]);
    Ok(Records::mapped(store_of, usize::try_from(config.store.cache).unwrap_or(usize::MAX)))
}

async fn open_one(config: &Config, place: &GroupStore, clock: &Arc<dyn Clock>, may: May) -> Result<Arc<dyn Store>, Failure> {
    let Some(factory) = registry::store(&place.scheme) else {
        return Err(Failure::new("KH1005", Exit::Configuration, format!("no store answers to `{}:`", place.scheme)));
    };
    let source = StoreSource {
        address: place.address.clone(),
        data: config.server.data.clone(),
        create: may.create,
        migrate: may.migrate,
        durable: config.store.durable,
        clock: Arc::clone(clock),
    };
    Ok((factory.open)(source).await?)
}

/// Where a record's absence permits something the store must keep what it acknowledged.
fn suits(config: &Config, group: Group, place: &GroupStore, promises: Promises) -> Result<(), Failure> {
    let (name, shown) = (group_name(group), place.shown());
    let absence_permits = matches!(group, Group::Directory | Group::Once);
    if absence_permits && (promises.evicts || (!promises.durable && config.mode == Mode::Serve)) {
        let what = if promises.evicts { "may drop records by itself" } else { "forgets its records when it ends" };
        let text = format!("the group `{name}` cannot live in {shown}, which {what}");
        return Err(Failure::new("KH1008", Exit::Configuration, text)
            .help(format!("set `{name}` in [store] to a durable store, such as \"sqlite:keyhook.db\"")));
    }
    if promises.evicts && !config.store.evicting.contains(&group) {
        let text = format!("the group `{name}` lives in {shown}, which may drop records by itself");
        return Err(Failure::new("KH1008", Exit::Configuration, text).help(format!(
            "if that is meant, add `evicting = [\"{name}\"]` to [store]: an eviction signs people out, and a late replay may go unnoticed"
        )));
    }
    if promises.evicts {
        tracing::warn!(group = name, "an eviction in this store signs people out, and a late replay may go unnoticed");
    }
    Ok(())
}

/// Refuses a store that the other mode made, and marks a new one.
///
/// # Errors
/// `KH0153` when `serve` meets the data of `dev`, or `dev` those of `serve`.
pub(crate) async fn claim(records: &Records, mode: Mode) -> Result<(), Failure> {
    let key = Key::named("deployment");
    let dev = mode == Mode::Dev;
    let found = records.read::<Deployment>(&key).await?;
    let made_by_dev = match found {
        Lookup::Live(stored) | Lookup::Spent(stored) => stored.body.dev,
        Lookup::Absent => {
            let body = Deployment { dev, made_by: env!("CARGO_PKG_VERSION").to_owned() };
            let insert = Stored::new(key.clone(), Timestamp::MAX, body).insert()?;
            match records.apply(Batch::new().with(insert)).await? {
                Applied::Applied => dev,
                // Another process was faster; its word counts.
                Applied::Refused { .. } => records.read::<Deployment>(&key).await?.live().map_or(dev, |stored| stored.body.dev),
            }
        }
    };
    match (made_by_dev, dev) {
        (true, false) => Err(Failure::new(
            "KH0153",
            Exit::Configuration,
            "these data were made by `keyhook dev`: they hold a demo user with a known password",
        )
        .help("give `serve` a data folder and a store of its own in [server] data and [store] url")),
        (false, true) => Err(Failure::new(
            "KH0153",
            Exit::Configuration,
            "these data belong to `keyhook serve`; `dev` would add a demo user with a known password",
        )
        .help("run `keyhook dev` in another folder")),
        _ => Ok(()),
    }
}
