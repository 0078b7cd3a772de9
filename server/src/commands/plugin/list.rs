//! `keyhook plugin list`: asks the running server; when none runs, judges the libraries in the folders.

use std::path::Path;

use keyhook_host::PluginReport;
use keyhook_host::lock::Lock;
use serde_json::{Map, Value};

use super::examine;
use crate::cli::{Format, Global};
use crate::commands::online;
use crate::config::{Config, Mode, Trust};
use crate::failure::Failure;
use crate::operations::Operation;
use crate::{output, plugin_status};

/// # Errors
/// When a plugin folder or the lock cannot be read.
pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let (plugins, runs) = match online::ask(global, &Operation::PluginList {}) {
        Ok(plugins) => (plugins, true),
        Err(failure) if failure.code() == "KH0157" => (offline(&online::deployment(global)?)?, false),
        Err(failure) => return Err(failure),
    };
    if global.format == Format::Json || global.quiet {
        output::print(global, &["name"], &plugins);
        return Ok(());
    }
    let refused = runs.then(|| refused_reload(global)).flatten().unwrap_or_default();
    output::write(&(text(&plugins, runs) + &refused));
    Ok(())
}

/// That the list is not what the folders and the file say now, and why.
fn refused_reload(global: &Global) -> Option<String> {
    let status = online::ask(global, &Operation::Status {}).ok()?;
    let reason = status["refused_reload"]["reason"].as_str()?;
    let reason: String = reason.chars().filter(|character| !character.is_control() || *character == '\n').collect();
    Some(format!("✗ the last reload was refused, and this is what ran before:\n{reason}\n"))
}

/// What would run: every library is tried in a child, none is run here.
fn offline(config: &Config) -> Result<Value, Failure> {
    let host = examine::host();
    let path = config.lock();
    let locked = config.mode == Mode::Serve && config.plugins.trust == Trust::Lock;
    let lock = if locked { Some(Lock::read(&path).map_err(|refusal| examine::refused(&path, &refusal))?) } else { None };
    let folders = [config.plugins.directories.clone(), config.plugins.handlers.clone()].concat();
    let mut all = Vec::new();
    for file in examine::libraries(&folders)? {
        all.extend(judge(&host, &file, config, lock.as_ref()));
    }
    Ok(Value::Array(all))
}

fn judge(host: &keyhook_host::Host, file: &Path, config: &Config, lock: Option<&Lock>) -> Vec<Value> {
    let trust = examine::trust(config);
    let bare = |name: String| PluginReport { name, file: Some(file.to_owned()), ..PluginReport::default() };
    let examined = match host.examine(file, trust) {
        Ok(examined) => examined,
        Err(refusal) => {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            return vec![plugin_status::described(&PluginReport { refusal: Some(refusal), ..bare(name) }).into()];
        }
    };
    let refusal = lock.and_then(|lock| lock.check(file, examined.digest).err());
    let report = |plugin: &keyhook_host::Description| PluginReport {
        version: plugin.version.clone(),
        digest: Some(examined.digest),
        build: examined.tag.build.clone(),
        debug: examined.tag.debug,
        hooks: plugin.hooks.iter().map(|hook| hook.name.clone()).collect(),
        routes: plugin.routes.iter().map(ToString::to_string).collect(),
        refusal: refusal.clone(),
        warnings: examined.warnings.clone(),
        ..bare(plugin.name.clone())
    };
    examined.plugins.iter().map(|plugin| plugin_status::described(&report(plugin)).into()).collect()
}

/// A line a plugin, then the order of every hook that more than one has.
fn text(plugins: &Value, runs: bool) -> String {
    let plugins = plugins.as_array().map(Vec::as_slice).unwrap_or_default();
    let width = |name: &str| plugins.iter().map(|plugin| word(&plugin[name]).chars().count()).max().unwrap_or_default().max(1);
    let (names, versions) = (width("name"), width("version"));
    let mut lines = Vec::new();
    for plugin in plugins {
        let refused = plugin["refused"].as_str();
        let mark = if refused.is_some() { "✗" } else { "✓" };
        let version = Some(word(&plugin["version"])).filter(|version| !version.is_empty()).unwrap_or("-");
        let what = refused.map_or_else(|| provides(plugin), str::to_owned);
        lines.push(format!("{mark} {:names$}  {version:versions$}  {what}", word(&plugin["name"])));
        lines.extend(details(plugin).into_iter().map(|detail| format!("  {:names$}  {:versions$}  {detail}", "", "")));
    }
    if plugins.is_empty() {
        lines.push("no plugins; begin one: keyhook plugin new hello".to_owned());
    }
    lines.extend(orders(plugins).into_iter().map(|(hook, order)| format!("order of {hook}: {order}")));
    if !runs {
        lines.push("no server runs; this is what the folders hold".to_owned());
    }
    lines.iter().map(|line| line.chars().filter(|character| !character.is_control()).chain(['\n']).collect::<String>()).collect()
}

/// The way out of a refusal, the counters, the last error.
fn details(plugin: &Value) -> Vec<String> {
    let counted = |calls| format!("{calls} calls, {} denials, {} errors", plugin["denials"], plugin["errors"]);
    let fix = plugin["fix"].as_str().map(str::to_owned);
    let error = plugin["last_error"].as_str().map(|error| format!("last error: {error}"));
    [fix, plugin["calls"].as_u64().map(counted), error].into_iter().flatten().collect()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn provides(plugin: &Value) -> String {
    let all = ["hooks", "routes"].into_iter().filter_map(|name| plugin[name].as_array()).flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn orders(plugins: &[Value]) -> Vec<(String, String)> {
    let mut all: Map<String, Value> = Map::new();
    for order in plugins.iter().filter_map(|plugin| plugin["order"].as_object()) {
        all.extend(order.clone());
    }
    let shared = all.iter().filter(|(_, names)| names.as_array().is_some_and(|names| names.len() > 1));
    let named = |names: &Value| names.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    shared.map(|(hook, names)| (hook.clone(), named(names))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_shows_status_order_and_the_way_out() {
        let order = json!({ "access_token_response": ["tenant", "claims"] });
        let plugins = json!([
            { "name": "tenant", "version": "0.3.1", "hooks": ["access_token_response"], "routes": ["GET /x/tenant"], "order": order, "calls": 3, "denials": 1, "errors": 0 },
            { "name": "claims", "version": "1.0.0", "hooks": ["access_token_response"], "routes": [], "order": order },
            { "name": "old", "version": "", "hooks": [], "routes": [], "refused": "KH0503 built for plugin ABI 2", "fix": "rebuild it" },
        ]);
        let expected = "\
✓ tenant  0.3.1  access_token_response, GET /x/tenant
                 3 calls, 1 denials, 0 errors
✓ claims  1.0.0  access_token_response
✗ old     -      KH0503 built for plugin ABI 2
                 rebuild it
order of access_token_response: tenant, claims
";
        assert_eq!(text(&plugins, true), expected);
        assert!(text(&json!([]), false).contains("keyhook plugin new"));
    }
}
