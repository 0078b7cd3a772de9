//! Plugins that the configuration names and that do not run for a reason of their own: that reason is told, not that the name is wrong.

use std::collections::BTreeMap;

use crate::host::Plan;
use crate::refusal::Refusal;
use crate::report::PluginReport;

/// The names in tables and orders that belong to a refused report. One that is only not approved is then needed: it is fatal.
pub(crate) fn absent(plan: &Plan, report: &mut [PluginReport]) -> Vec<String> {
    let named = plan.plugins.keys().chain(plan.order.values().flatten());
    let mut absent = Vec::new();
    for name in named {
        let Some(refused) = report.iter_mut().find(|report| !report.is_loaded() && is_of(report, name)) else { continue };
        if refused.refusal == Some(Refusal::NotApproved) {
            refused.refusal = Some(Refusal::NeedsApproval);
        }
        refused.name.clone_from(name);
        absent.push(name.clone());
    }
    absent
}

/// A file that was not loaded has no name but its own, in which cargo writes `_` for `-`.
fn is_of(report: &PluginReport, name: &str) -> bool {
    report.name == name || (report.file.is_some() && report.name == name.replace('-', "_"))
}

/// The orders without plugins that are known not to run.
pub(crate) fn without(order: &BTreeMap<String, Vec<String>>, absent: &[String]) -> BTreeMap<String, Vec<String>> {
    let runs = |name: &&String| !absent.contains(name);
    order.iter().map(|(hook, names)| (hook.clone(), names.iter().filter(runs).cloned().collect())).collect()
}
