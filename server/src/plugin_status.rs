//! What `keyhook plugin list` knows of the plugins of a running server.

use std::collections::BTreeMap;

use keyhook_host::{Generation, PluginReport, PluginStats};
use serde_json::{Map, Value, json};

/// One object a plugin: status, hooks, routes, counters, and per hook the plugins in the order in force.
pub(crate) fn json(generation: &Generation) -> Value {
    let stats: BTreeMap<&str, PluginStats> = generation.stats().collect();
    let one = |report: &PluginReport| {
        let mut members = described(report);
        let order =
            |hook: &String| generation.order.iter().find(|(name, _)| name == hook).map(|(name, plugins)| (name.clone(), json!(plugins)));
        members.insert("order".to_owned(), report.hooks.iter().filter_map(order).collect::<Map<_, _>>().into());
        if let Some(stats) = stats.get(report.name.as_str()).filter(|_| report.is_loaded()) {
            members.insert("calls".to_owned(), stats.calls.into());
            members.insert("denials".to_owned(), stats.denials.into());
            members.insert("errors".to_owned(), (stats.errors + stats.panics + stats.timeouts).into());
            members.insert("last_error".to_owned(), json!(stats.last_error));
        }
        Value::Object(members)
    };
    generation.report.iter().map(one).collect()
}

/// What a report says of a plugin, whether it runs or not.
pub(crate) fn described(report: &PluginReport) -> Map<String, Value> {
    let described = json!({
        "name": report.name,
        "version": report.version,
        "status": if report.is_loaded() { "serves" } else { "refused" },
        "hooks": report.hooks,
        "routes": report.routes,
        "file": report.file,
        "sha256": report.digest.map(|digest| digest.hex()),
        "build": report.build,
        "refused": report.refusal.as_ref().map(|refusal| format!("{} {refusal}", refusal.code())),
        "fix": report.refusal.as_ref().map(|_| report.way_out()),
        "warnings": report.warnings,
    });
    match described {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
