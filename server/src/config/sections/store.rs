//! `[store]`: which database holds which group of records.
//!
//! Where a record's absence permits something (`directory`, `once`) the store must be durable and not evict.

use std::collections::BTreeMap;

use keyhook_component::record::Group;
use keyhook_component::registry;

use crate::config::hidden;
use crate::config::reader::{Section, quoted};
use crate::nearest::nearest;

/// A store by its URL, which may hold a password: it has no `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupStore {
    pub(crate) scheme: String,
    pub(crate) address: String,
}

/// `[store]`.
#[derive(Clone)]
pub(crate) struct StoreMap {
    pub(crate) fallback: GroupStore,
    pub(crate) groups: BTreeMap<Group, GroupStore>,
    /// Groups whose store may evict, because the configuration says that this is known.
    pub(crate) evicting: Vec<Group>,
    /// Whether commits reach the disk before they are acknowledged.
    pub(crate) durable: bool,
    /// Records that the cache holds at most.
    pub(crate) cache: u32,
}

const GROUPS: [(&str, Group); 4] =
    [("directory", Group::Directory), ("grants", Group::Grants), ("once", Group::Once), ("short", Group::Short)];

/// The name of a group in `[store]`.
pub(crate) fn group_name(group: Group) -> &'static str {
    GROUPS.iter().find(|(_, known)| *known == group).map_or("store", |(name, _)| name)
}

impl StoreMap {
    pub(crate) fn read(section: Section<'_>) -> StoreMap {
        let fallback = url(&section, "url", Some("sqlite:keyhook.db"));
        let groups = GROUPS.iter().filter_map(|(name, group)| Some((*group, url(&section, name, None)?))).collect();
        let evicting = evicting(&section);
        let map = StoreMap {
            fallback: fallback.unwrap_or_else(|| GroupStore { scheme: "sqlite".to_owned(), address: "keyhook.db".to_owned() }),
            groups,
            evicting,
            durable: section.switch("durable", true),
            cache: section.count("cache", 100_000, 0..=100_000_000),
        };
        section.finish(false);
        map
    }

    /// The store of a group.
    pub(crate) fn of(&self, group: Group) -> &GroupStore {
        self.groups.get(&group).unwrap_or(&self.fallback)
    }
}

/// The feature of this server that brings the store of a scheme.
const FEATURES: [(&str, &str); 12] = [
    ("postgres", "postgres"),
    ("postgresql", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("redis", "redis"),
    ("rediss", "redis"),
    ("redis+cluster", "redis"),
    ("rediss+cluster", "redis"),
    ("memcached", "memcached"),
    ("memcache", "memcached"),
    ("mongodb", "mongodb"),
    ("mongodb+srv", "mongodb"),
];

/// Why a store that exists does not answer here.
pub(crate) fn not_built_in(scheme: &str) -> Option<String> {
    let (_, feature) = FEATURES.iter().find(|(known, _)| *known == scheme)?;
    let built = registry::store(scheme).is_some();
    (!built).then(|| format!("this server was built without `{feature}`: build it with `cargo build --release --features {feature}`"))
}

fn url(section: &Section<'_>, key: &'static str, default: Option<&str>) -> Option<GroupStore> {
    let named = section.node(key).and_then(|node| crate::config::reader::text_of(node).ok()).and_then(|text| text.split_once(':'));
    if let Some(why) = named.and_then(|(scheme, _)| not_built_in(scheme)) {
        section.refuse("KH0470", key, format!("`{key}` in [store] names a store that is not in this server"), why);
        return None;
    }
    let show = |store: &Option<GroupStore>| store.as_ref().map_or_else(|| "(as url)".to_owned(), |store| quoted(&store.shown()));
    let default = default.and_then(|text| GroupStore::parse(text).ok());
    section.read(key, default, |node| GroupStore::parse(crate::config::reader::text_of(node)?).map(Some), show)
}

impl GroupStore {
    /// Reads `scheme:address`. The message never repeats the address.
    pub(crate) fn parse(text: &str) -> Result<GroupStore, String> {
        let Some((scheme, address)) = text.split_once(':') else {
            return Err("expected a store URL such as \"sqlite:keyhook.db\"".to_owned());
        };
        if let Some(why) = not_built_in(scheme) {
            return Err(why);
        }
        if registry::store(scheme).is_none() {
            let schemes = registry::store_schemes();
            let hint = nearest(scheme, schemes.iter().copied())
                .map_or_else(|| format!("this server has: {}", schemes.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(format!("no store answers to `{scheme}:`; {hint}"));
        }
        Ok(GroupStore { scheme: scheme.to_owned(), address: address.to_owned() })
    }

    /// The URL with its password masked.
    pub(crate) fn shown(&self) -> String {
        hidden::shortened(&format!("{}:{}", self.scheme, self.address))
    }
}

fn evicting(section: &Section<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    for name in section.list("evicting", &[]) {
        match GROUPS.iter().find(|(known, _)| *known == name) {
            Some((_, group @ (Group::Grants | Group::Short))) => groups.push(*group),
            Some(_) => {
                let label = "there the absence of a record permits something; only `grants` and `short` may evict";
                section.refuse("KH1008", "evicting", format!("the group `{name}` must not evict"), label);
            }
            None => {
                section.refuse("KH1005", "evicting", format!("there is no group `{name}`"), "groups are directory, grants, once, short");
            }
        }
    }
    groups
}
