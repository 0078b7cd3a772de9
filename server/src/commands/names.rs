//! Names in the configuration that no plugin has, as far as the lock and the program tell: a typing mistake must not disable a check.

use std::path::PathBuf;

use keyhook_component::hooks::HookPoint;
use keyhook_host::lock::Lock;
use keyhook_host::{Description, HookDescription, Refusal, scan};
use keyhook_plugin::abi::HOOK_OBSERVER;
use keyhook_plugin::inventory;
use keyhook_plugin::registry::{HookRegistration, PluginRegistration};

use crate::config::Config;
use crate::failure::Failure;
use crate::plugins;

/// Every table, priority, deadline and order that means something which is not there.
pub(super) fn findings(config: &Config, lock: &Lock) -> Vec<Failure> {
    let mut plugins: Vec<Description> = lock.entries().iter().flat_map(|entry| entry.plugins.clone()).collect();
    plugins.extend(linked());
    let names = Names { config, plugins };
    let mut found: Vec<Failure> = config.plugins.tables.keys().filter_map(|name| names.table(name)).collect();
    for (hook, list) in &config.hooks {
        found.extend(names.order(hook, list));
    }
    found
}

/// What the program itself has.
fn linked() -> Vec<Description> {
    let within = |module: &'static str| module.split("::").next().unwrap_or(module);
    let hooks_of = |is_of: &dyn Fn(&HookRegistration) -> bool| {
        let own = inventory::iter::<HookRegistration>.into_iter().filter(|hook| is_of(hook));
        own.map(|hook| HookDescription { name: hook.name.to_owned(), priority: hook.priority, flags: hook.flags }).collect()
    };
    let described = |name: &str, hooks| Description { name: name.to_owned(), version: String::new(), hooks, routes: Vec::new() };
    let named: Vec<_> = inventory::iter::<PluginRegistration>.into_iter().collect();
    let is_named = |hook: &HookRegistration| named.iter().any(|plugin| within(plugin.module) == within(hook.module));
    let unnamed = inventory::iter::<HookRegistration>.into_iter().filter(|hook| !is_named(hook)).map(|hook| hook.package);
    let unnamed: Vec<_> = unnamed.map(|package| described(package, hooks_of(&|hook| hook.package == package && !is_named(hook)))).collect();
    let of = |plugin: &&PluginRegistration| described(plugin.name, hooks_of(&|hook| within(hook.module) == within(plugin.module)));
    named.iter().map(of).chain(unnamed).collect()
}

struct Names<'a> {
    config: &'a Config,
    plugins: Vec<Description>,
}

impl Names<'_> {
    fn plugin(&self, name: &str) -> Option<&Description> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// What is wrong with `[plugins.NAME]`.
    fn table(&self, name: &str) -> Option<Failure> {
        let Some(plugin) = self.plugin(name) else { return Some(self.unknown(&format!("[plugins.{name}]"), name)) };
        let table = self.config.plugins.tables.get(name)?;
        let wrong = table
            .priority
            .keys()
            .chain(table.timeouts.keys())
            .find(|hook| !plugin.hooks.iter().any(|own| own.name == **hook || own.point_name() == *hook))?;
        let own: Vec<_> = plugin.hooks.iter().map(|hook| hook.name.as_str()).collect();
        Some(refused(format!("[plugins.{name}] names the hook `{wrong}`, which the plugin does not have; it has {}", own.join(", "))))
    }

    /// What is wrong with one line of `[hooks]`.
    fn order(&self, hook: &str, list: &[String]) -> Vec<Failure> {
        let has = |plugin: &&Description| plugin.hooks.iter().any(|own| own.name == hook && own.flags & HOOK_OBSERVER == 0);
        let is_known = HookPoint::ALL.iter().any(|point| point.name() == hook) || self.plugins.iter().any(|plugin| has(&plugin));
        if !is_known {
            return vec![refused(format!("[hooks] {hook}: no plugin has this hook, and the server fires none of that name"))];
        }
        let mut found = Vec::new();
        for (index, name) in list.iter().enumerate() {
            match self.plugin(name) {
                // Its table has told it already.
                None if self.config.plugins.tables.contains_key(name) && self.file_of(name).is_some() => {}
                None => found.push(self.unknown(&format!("[hooks] {hook}"), name)),
                Some(plugin) if !has(&plugin) => found.push(refused(format!("[hooks] {hook}: `{name}` does not have this hook"))),
                Some(_) if list[..index].contains(name) => {
                    found.push(plugins::failure(&Refusal::Order(format!("[hooks] {hook}: `{name}` stands there twice"))));
                }
                Some(_) => {}
            }
        }
        let left_out = self.plugins.iter().filter(has).find(|plugin| !list.contains(&plugin.name));
        found.extend(
            left_out.map(|plugin| plugins::failure(&Refusal::Order(format!("[hooks] {hook}: the list leaves out `{}`", plugin.name)))),
        );
        found
    }

    /// A plugin that is only not approved yet, or one that is nowhere.
    fn unknown(&self, place: &str, name: &str) -> Failure {
        match self.file_of(name) {
            Some(file) => plugins::failure_of(&Refusal::NeedsApproval, &file, name).within(place),
            None => refused(format!("{place}: no plugin `{name}` is approved or linked in")),
        }
    }

    /// A library of that name, in which cargo writes `_` for `-`.
    fn file_of(&self, name: &str) -> Option<PathBuf> {
        let own = &self.config.plugins;
        let folders = [own.directories.clone(), own.handlers.clone()].concat();
        let is_its = |file: &PathBuf| {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let stem = stem.strip_prefix("lib").unwrap_or(&stem);
            stem == name || stem == name.replace('-', "_")
        };
        scan::libraries(&folders).into_iter().filter(|(_, finding)| finding.is_none()).map(|(file, _)| file).find(is_its)
    }
}

fn refused(text: String) -> Failure {
    plugins::failure(&Refusal::UnknownName(text))
}
