//! `keyhook plugin approve` and `revoke`: what `plugins.lock` lists, `serve` runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use keyhook_host::lock::{Approved, Lock};
use keyhook_host::{Description, Examined, Host};
use serde_json::{Value, json};

use super::{Approve, Revoke, examine};
use crate::cli::{Format, Global, ServeFlags};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output;

/// # Errors
/// The first refusal; then nothing is written.
pub(super) fn run(global: &Global, flags: &Approve) -> Result<(), Failure> {
    let config = configuration(global, flags.lock.as_deref())?;
    let path = lock_path(config.as_ref(), flags.lock.as_deref());
    let folders = config.map(|config| [config.plugins.directories, config.plugins.handlers].concat()).unwrap_or_default();
    let host = examine::host();
    let chosen = choose(&host, flags, &folders)?;
    let mut lock = read(&path)?;
    let mut told = Vec::new();
    for (file, examined) in chosen {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let approved = Approved { sha256: examined.digest.hex(), file: name, plugins: examined.plugins.clone() };
        let before = lock.approve(approved);
        told.push(Told { in_folder: folders.is_empty() || lies_in(&file, &folders), file, examined, before });
    }
    // The lock may come before the first `serve`, which makes the data folder.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        crate::foundation::folder(folder)?;
    }
    lock.write(&path).map_err(|refusal| examine::refused(&path, &refusal))?;
    tell(global, &path, &told);
    Ok(())
}

/// # Errors
/// `KH0555` when nothing of that name is approved.
pub(super) fn revoke(global: &Global, flags: &Revoke) -> Result<(), Failure> {
    let config = configuration(global, flags.lock.as_deref())?;
    let path = lock_path(config.as_ref(), flags.lock.as_deref());
    let mut lock = read(&path)?;
    if !lock.revoke(&flags.name) {
        return Err(Failure::new("KH0555", Exit::NotFound, format!("{} approves no plugin `{}`", path.display(), flags.name))
            .help("keyhook plugin list"));
    }
    lock.write(&path).map_err(|refusal| examine::refused(&path, &refusal))?;
    match global.format {
        Format::Json => output::print(global, &["name"], &json!({ "name": flags.name, "approved": false, "lock": path })),
        Format::Table => output::write(&format!("✗ {}  no longer approved\nnext: keyhook reload\n", flags.name)),
    }
    Ok(())
}

/// What was approved.
struct Told {
    file: PathBuf,
    examined: Examined,
    before: Option<Approved>,
    in_folder: bool,
}

/// With `--lock` no configuration is needed, but one that is there is used.
fn configuration(global: &Global, lock: Option<&Path>) -> Result<Option<Config>, Failure> {
    match (crate::commands::configuration(global, &ServeFlags::default()), lock) {
        (Ok(config), _) => Ok(Some(config)),
        (Err(_), Some(_)) => Ok(None),
        (Err(failure), None) => {
            Err(failure
                .help("approvals are for `keyhook serve`; `keyhook dev` needs none. --lock FILE names a lock without a configuration"))
        }
    }
}

fn lock_path(config: Option<&Config>, named: Option<&Path>) -> PathBuf {
    named.map(Path::to_path_buf).or_else(|| config.map(Config::lock)).unwrap_or_default()
}

fn read(path: &Path) -> Result<Lock, Failure> {
    Lock::read(path).map_err(|refusal| examine::refused(path, &refusal))
}

fn choose(host: &Host, flags: &Approve, folders: &[PathBuf]) -> Result<Vec<(PathBuf, Examined)>, Failure> {
    let look = |file: PathBuf| examine::examine(host, &file).map(|examined| (file, examined));
    if flags.all {
        return examine::libraries(folders)?.into_iter().map(look).collect();
    }
    let what = flags.what.as_deref().unwrap_or_default();
    let is_file = what.contains('/') || keyhook_host::scan::is_library(Path::new(what));
    if is_file {
        return Ok(vec![look(PathBuf::from(what))?]);
    }
    // A broken library beside it does not keep a good one from being found.
    let found = examine::libraries(folders)?.into_iter().filter_map(|file| look(file).ok()).find(|(_, examined)| has(examined, what));
    found.map(|found| vec![found]).ok_or_else(|| {
        let shown: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        Failure::new(
            "KH0554",
            Exit::NotFound,
            format!("no library with a plugin `{what}` lies in the plugin folders ({})", shown.join(", ")),
        )
        .help("name the file: keyhook plugin approve path/to/library.so")
    })
}

fn has(examined: &Examined, name: &str) -> bool {
    examined.plugins.iter().any(|plugin| plugin.name == name)
}

fn lies_in(file: &Path, folders: &[PathBuf]) -> bool {
    let parent = file.canonicalize().ok().and_then(|file| file.parent().map(Path::to_path_buf));
    folders.iter().any(|folder| folder.canonicalize().ok().is_some_and(|folder| Some(folder) == parent))
}

fn tell(global: &Global, lock: &Path, told: &[Told]) {
    if global.format == Format::Json || global.quiet {
        let all = told.iter().map(|told| examine::json(&told.file, &told.examined)).collect();
        output::print(global, &["sha256"], &Value::Array(all));
        return;
    }
    let mut text = String::new();
    for told in told {
        for plugin in &told.examined.plugins {
            let before = told.before.iter().flat_map(|before| &before.plugins).find(|before| before.name == plugin.name);
            let _ = writeln!(text, "✓ {} {}  {}", plugin.name, plugin.version, examine::provides(plugin));
            let same = told.before.as_ref().is_some_and(|before| before.sha256 == told.examined.digest.hex());
            let _ = writeln!(text, "    {}", if same { "approved already; nothing changed".to_owned() } else { changes(before, plugin) });
        }
        if !told.in_folder {
            let _ = writeln!(text, "    note: {} lies in no folder of [plugins] directories; copy it there", told.file.display());
        }
    }
    let next = if told.is_empty() { "no library lies in the plugin folders; nothing was approved\n" } else { "next: keyhook reload\n" };
    let _ = write!(text, "wrote {}\n{next}", lock.display());
    output::write(&text);
}

/// What is different from the one that was approved before.
fn changes(before: Option<&Description>, now: &Description) -> String {
    let Some(before) = before else { return "new".to_owned() };
    let mut parts = Vec::new();
    if before.version != now.version {
        parts.push(format!("version {} → {}", before.version, now.version));
    }
    let names = |plugin: &Description| -> Vec<String> {
        let hooks = plugin.hooks.iter().map(|hook| format!("{} (priority {})", hook.name, hook.priority));
        hooks.chain(plugin.routes.iter().map(ToString::to_string)).collect()
    };
    let (old, new) = (names(before), names(now));
    parts.extend(new.iter().filter(|name| !old.contains(name)).map(|name| format!("+ {name}")));
    parts.extend(old.iter().filter(|name| !new.contains(name)).map(|name| format!("- {name}")));
    if parts.is_empty() {
        "changed: same version, hooks and routes, other bytes".to_owned()
    } else {
        format!("changed: {}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use keyhook_host::{HookDescription, RouteDescription};

    use super::*;

    fn plugin(version: &str, hooks: &[&str], routes: &[&str]) -> Description {
        let hook = |name: &&str| HookDescription { name: (*name).to_owned(), priority: 100, flags: 0 };
        let route = |path: &&str| RouteDescription { method: "GET".to_owned(), path: (*path).to_owned(), flags: 0 };
        Description {
            name: "hello".to_owned(),
            version: version.to_owned(),
            hooks: hooks.iter().map(hook).collect(),
            routes: routes.iter().map(route).collect(),
        }
    }

    #[test]
    fn an_approval_says_what_is_different() {
        let before = plugin("0.1.0", &["access_token_response"], &["/x/hello"]);
        assert_eq!(changes(None, &before), "new");
        assert_eq!(changes(Some(&before), &before), "changed: same version, hooks and routes, other bytes");
        let now = plugin("0.2.0", &["access_token_response", "authorization_GET"], &[]);
        assert_eq!(changes(Some(&before), &now), "changed: version 0.1.0 → 0.2.0, + authorization_GET (priority 100), - GET /x/hello");
    }
}
