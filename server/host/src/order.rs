//! Puts the hooks of all running plugins into chains: registered priorities, what the operator says instead, explicit lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use keyhook_component::hooks::HookPoint;
use keyhook_core::crypto::sha256;
use keyhook_plugin::abi;

use crate::chain::{Chain, Chains, sort, sort_by_list};
use crate::instance::Instance;
use crate::link::Link;
use crate::plugin::PluginSettings;
use crate::refusal::Refusal;
use crate::table::HookDescription;
use crate::world::World;

/// Where a person waits: a login against a directory server takes its time.
const AUTHORIZATION_LIMIT: Duration = Duration::from_secs(10);
/// Everywhere else a client waits.
const LIMIT: Duration = Duration::from_millis(500);

/// A running plugin, its settings, and what identifies its code and configuration.
pub(crate) struct Running {
    pub(crate) instance: Arc<Instance>,
    pub(crate) settings: PluginSettings,
    pub(crate) identity: [u8; 32],
}

/// All chains of a generation.
///
/// # Errors
/// A refusal for each name in `order` that is wrong.
pub(crate) fn chains(running: &[Running], order: &BTreeMap<String, Vec<String>>, world: &Arc<World>) -> Result<Chains, Vec<Refusal>> {
    let mut wrong = Vec::new();
    let mut custom: BTreeMap<String, Chain> = BTreeMap::new();
    let names = running.iter().flat_map(|plugin| &plugin.instance.loaded.description.hooks).filter(|hook| hook.is_custom());
    for name in names.map(|hook| hook.name.clone()).collect::<BTreeSet<_>>() {
        let chain = chain(&name, running, |hook| hook.is_custom() && hook.name == name, order, &mut wrong);
        custom.insert(name, chain);
    }
    let provisions = running.iter().flat_map(|plugin| &plugin.instance.loaded.description.hooks).filter(|hook| hook.provision().is_some());
    let mut provided = BTreeMap::new();
    for name in provisions.map(|hook| hook.name.clone()).collect::<BTreeSet<_>>() {
        let chain = chain(&name, running, |hook| !hook.is_custom() && hook.name == name, &BTreeMap::new(), &mut wrong);
        provided.insert(name, chain);
    }
    let points = HookPoint::ALL
        .map(|point| chain(point.name(), running, |hook| hook.point() == Some(point) && !point.provides(), order, &mut wrong));
    for name in order.keys() {
        let is_known = HookPoint::ALL.iter().any(|point| point.name() == name) || custom.contains_key(name);
        if !is_known {
            wrong.push(Refusal::UnknownName(format!("[hooks] {name}: no plugin has this hook, and the server fires none of that name")));
        }
    }
    if wrong.is_empty() { Ok(Chains { points, provided, custom, world: Arc::clone(world) }) } else { Err(wrong) }
}

fn chain(
    name: &str,
    running: &[Running],
    is_it: impl Fn(&HookDescription) -> bool,
    order: &BTreeMap<String, Vec<String>>,
    wrong: &mut Vec<Refusal>,
) -> Chain {
    let (mut links, mut observers, mut identities) = (Vec::new(), Vec::new(), Vec::new());
    for plugin in running {
        for (index, hook) in (0u32..).zip(&plugin.instance.loaded.description.hooks) {
            if is_it(hook) {
                let list = if hook.flags & abi::HOOK_OBSERVER == 0 { &mut links } else { &mut observers };
                list.push(link(plugin, index, hook));
                identities.extend_from_slice(&plugin.identity);
            }
        }
    }
    sort(&mut observers);
    match order.get(name) {
        None => sort(&mut links),
        Some(list) => {
            if let Err(refusal) = sort_by_list(name, &mut links, list) {
                wrong.push(refusal);
            }
        }
    }
    let digest = sha256(&identities);
    let generation = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Chain { name: name.into(), links: links.into(), observers: observers.into(), generation }
}

fn link(plugin: &Running, index: u32, hook: &HookDescription) -> Link {
    Link {
        instance: Arc::clone(&plugin.instance),
        index,
        priority: plugin.settings.priority.get(&hook.name).copied().or(plugin.settings.priority_of_all).unwrap_or(hook.priority),
        inline: hook.flags & abi::HOOK_INLINE != 0,
        timeout: limit(hook, &plugin.settings),
    }
}

fn limit(hook: &HookDescription, settings: &PluginSettings) -> Duration {
    let is_authorization = matches!(hook.point(), Some(HookPoint::AuthorizationGet | HookPoint::AuthorizationPost));
    let default = if is_authorization { AUTHORIZATION_LIMIT } else { LIMIT };
    let own = settings.timeouts.get(&hook.name).or_else(|| settings.timeouts.get(hook.point_name()));
    own.copied().or(settings.timeout).unwrap_or(default)
}

/// The deadline of a plugin's URL handlers: a person may wait there, too.
pub(crate) fn route_limit(settings: &PluginSettings) -> Duration {
    settings.timeout.unwrap_or(AUTHORIZATION_LIMIT)
}

#[cfg(test)]
mod tests {
    use keyhook_plugin::hook_names::{CUSTOM_HOOK, HOOK_POINTS};

    use super::*;

    /// First column, second and last of the table of hook points.
    fn documented() -> Vec<(String, String, String)> {
        let page = include_str!("../../docs/hooks.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")).filter(|row| row.contains("Cx` |"));
        rows.map(|row| {
            let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").map(|cell| cell.trim_matches('`')).collect();
            (cells[0].to_owned(), cells[1].to_owned(), cells[cells.len() - 1].to_owned())
        })
        .collect()
    }

    fn deadline(name: &str, flags: u32) -> String {
        let hook = HookDescription { name: name.to_owned(), priority: 100, flags };
        let limit = limit(&hook, &PluginSettings::default());
        if limit.subsec_millis() == 0 { format!("{} s", limit.as_secs()) } else { format!("{} ms", limit.as_millis()) }
    }

    #[test]
    fn the_page_of_hook_points_has_every_one_with_its_context_and_deadline_in_order() {
        let row = |name: &str, context: &str, deadline: String| (name.to_owned(), context.to_owned(), deadline);
        let shown = |point: &keyhook_plugin::hook_names::HookPoint| match point.provides {
            Some(_) => format!("{} = \"…\"", point.name),
            None => point.name.to_owned(),
        };
        let mut expected: Vec<_> = HOOK_POINTS.iter().map(|point| row(&shown(point), point.context, deadline(point.name, 0))).collect();
        let custom = format!("{} = \"…\"", CUSTOM_HOOK.name);
        expected.push(row(&custom, CUSTOM_HOOK.context, deadline("acme.signed_in", abi::HOOK_CUSTOM)));
        assert_eq!(documented(), expected);
    }

    #[test]
    fn the_points_that_the_server_fires_are_those_that_plugins_know() {
        assert_eq!(HookPoint::ALL.map(HookPoint::name).as_slice(), HOOK_POINTS.iter().map(|point| point.name).collect::<Vec<_>>());
    }
}
