//! Looks at libraries in a child process, as `serve` would judge them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_host::snapshot::Trust;
use keyhook_host::{Description, Examined, Host, Probe, Refusal, World};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::system::{SystemClock, SystemRandom};

/// What runs this binary as the child that tries a library.
pub(crate) const PROBE: &str = "__probe";

/// How libraries are tried: by this very binary.
///
/// # Errors
/// When the system does not say where the binary is.
pub(crate) fn probe() -> Result<Probe, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new("KH0553", Exit::Failed, format!("this program does not find itself, and so cannot try a library in a child: {error}")))?;
    Ok(Probe::Child { program, arguments: vec![PROBE.to_owned()] })
}

/// A host that only looks.
///
/// # Errors
/// As [`probe`].
pub(super) fn host() -> Result<Host, Failure> {
    let world =
        World { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), records: None, pages: None, issuer: "http://localhost".into(), dev: false };
    let private = std::env::temp_dir().join(format!("keyhook-examine-{}", std::process::id()));
    Ok(Host::new(world, Some(private), probe()?))
}

/// Looks at one library.
///
/// # Errors
/// The refusal with its code and way out.
pub(super) fn examine(host: &Host, file: &Path) -> Result<Examined, Failure> {
    host.examine(file, Trust::Strict).map_err(|refusal| refused(file, &refusal))
}

/// A refusal as the command's own.
pub(super) fn refused(file: &Path, refusal: &Refusal) -> Failure {
    Failure::new(refusal.code(), Exit::Configuration, format!("{}: {refusal}", file.display())).help(refusal.way_out())
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
