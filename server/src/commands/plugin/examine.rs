//! Looks at libraries in a child process, as `serve` would judge them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_host::snapshot::Trust;
use keyhook_host::{Description, Examined, Host, Refusal, World};
use serde_json::{Value, json};

use crate::config::{Config, Mode};
use crate::failure::{Exit, Failure};
use crate::plugins;
use crate::system::{SystemClock, SystemRandom};

/// A host that only looks.
pub(super) fn host() -> Host {
    let world = World {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        records: None,
        registrar: None,
        pages: None,
        issuer: "http://localhost".into(),
        dev: false,
    };
    let private = std::env::temp_dir().join(format!("keyhook-examine-{}", std::process::id()));
    Host::new(world, Some(private), plugins::own_probe())
}

/// Looks at one library.
///
/// # Errors
/// The refusal with its code and way out.
pub(super) fn examine(host: &Host, file: &Path) -> Result<Examined, Failure> {
    host.examine(file, Trust::Strict).map_err(|refusal| refused(file, &refusal))
}

/// Who may be able to write a library: in development what others can write is refused, the rest is a warning.
pub(super) fn trust(config: &Config) -> Trust {
    if config.mode == Mode::Dev { Trust::Lenient } else { Trust::Strict }
}

/// A refusal as the command's own.
pub(super) fn refused(file: &Path, refusal: &Refusal) -> Failure {
    Failure::new(refusal.code(), Exit::Configuration, format!("{}: {refusal}", file.display())).help(refusal.way_out_of(Some(file), ""))
}

/// A plugin's hooks and routes in one line.
pub(super) fn provides(plugin: &Description) -> String {
    let hooks = plugin.hooks.iter().map(|hook| hook.name.clone());
    hooks.chain(plugin.routes.iter().map(ToString::to_string)).collect::<Vec<_>>().join(", ")
}

/// A library as programs read it.
pub(super) fn json(file: &Path, examined: &Examined) -> Value {
    let plugin = |plugin: &Description| {
        let hooks: Vec<_> = plugin.hooks.iter().map(|hook| json!({ "name": hook.name, "priority": hook.priority })).collect();
        let routes: Vec<_> = plugin.routes.iter().map(ToString::to_string).collect();
        json!({ "name": plugin.name, "version": plugin.version, "hooks": hooks, "routes": routes })
    };
    json!({
        "file": file, "sha256": examined.digest.hex(), "build": examined.tag.build, "debug": examined.tag.debug,
        "plugins": examined.plugins.iter().map(plugin).collect::<Vec<_>>(), "warnings": examined.warnings,
    })
}

/// The libraries in some folders.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn libraries(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let judged = |(path, finding): (PathBuf, Option<Refusal>)| match finding {
        Some(refusal) => Err(refused(&path, &refusal)),
        None => Ok(path),
    };
    keyhook_host::scan::libraries(folders).into_iter().map(judged).collect()
}
