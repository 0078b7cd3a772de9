//! `keyhook check`: looks at everything that `serve` would use; changes nothing, opens nothing for writing, runs no plugin code.

use serde_json::json;

use crate::cli::{Global, ServeFlags};
use crate::config::{Config, TlsDecision};
use crate::failure::{Exit, Failure};
use crate::{keys, output};

/// Checks.
///
/// # Errors
/// Every finding, exit status 3.
pub(crate) fn run(global: &Global, flags: &ServeFlags) -> Result<(), Failure> {
    let config = super::configuration(global, flags)?;
    let findings = findings(&config);
    if let Some(first) = findings.first() {
        let text = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let note = "   = note: nothing was started or written";
        return Err(Failure::whole("KH1016", Exit::Configuration, format!("{text}\n{note}")).of(first));
    }
    for file in &config.files {
        eprintln!("checked {}", file.display());
    }
    output::print(global, &["outcome"], &json!({ "outcome": "ok", "issuer": config.server.issuer, "files": config.files }));
    Ok(())
}

fn findings(config: &Config) -> Vec<Failure> {
    let mut found = Vec::new();
    found.extend(keys::load(&config.keys.master_files).err());
    if let TlsDecision::Files(files) = &config.server.tls {
        found.extend(keyhook_edge::Tls::load(&files.cert, &files.key).err().map(|error| crate::server::start_failure(&error, config.mode)));
    }
    for folder in config.plugins.directories.iter().chain(&config.plugins.handlers) {
        if !folder.is_dir() {
            let text = format!("the plugin folder {} does not exist", folder.display());
            found.push(Failure::new("KH1013", Exit::Configuration, text).help("make it, or take it out of `directories`"));
        }
    }
    found
}
