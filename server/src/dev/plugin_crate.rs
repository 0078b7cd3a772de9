//! The plugin crate that `keyhook dev` was started in: how it is recognized and built.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// A crate in the current folder that builds a plugin library.
#[derive(Clone, Debug)]
pub(crate) struct PluginCrate {
    /// Folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    /// Name of its package.
    pub(crate) name: String,
}

/// What a build gave; texts have the colors of a terminal if they were asked for.
#[derive(Debug)]
pub(crate) enum Build {
    /// The library, and rustc's warnings about this crate.
    Library(PathBuf, String),
    /// rustc's errors, or cargo's.
    Failed(String),
}

impl PluginCrate {
    /// The crate in `folder`, if it builds a `cdylib` and depends on `keyhook-plugin`.
    pub(crate) fn find(folder: &Path) -> Option<PluginCrate> {
        let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
        let kinds = manifest.get("lib")?.get("crate-type")?.as_array()?;
        let is_library = kinds.iter().any(|kind| kind.as_str() == Some("cdylib"));
        let is_plugin = manifest.get("dependencies")?.get("keyhook-plugin").is_some();
        let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
        (is_library && is_plugin).then(|| PluginCrate { folder: folder.to_owned(), name })
    }

    /// Which of its files are source.
    pub(crate) fn is_source(path: &Path) -> bool {
        let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
        is_manifest
            || path.extension().is_some_and(|extension| ["rs", "html", "css", "json", "toml"].iter().any(|known| extension == *known))
    }

    /// What is watched for changes: never `target`, nor what keyhook writes.
    pub(crate) fn watched(&self) -> Vec<PathBuf> {
        ["src", "Cargo.toml", "templates", "static", "build.rs"].iter().map(|name| self.folder.join(name)).collect()
    }

    /// Builds the library.
    ///
    /// # Errors
    /// When cargo cannot be started.
    pub(crate) async fn build(&self, color: bool) -> std::io::Result<Build> {
        let mut cargo = Command::new("cargo");
        let format = if color { "--message-format=json-diagnostic-rendered-ansi" } else { "--message-format=json" };
        cargo.args(["build", format, "--lib"]).current_dir(&self.folder);
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = cargo.output().await?;
        let messages: Vec<serde_json::Value> =
            output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        if output.status.success()
            && let Some(library) = messages.iter().rev().find_map(|message| library_of(message, &self.folder))
        {
            let warnings =
                messages.iter().filter(|message| is_ours(message, &self.folder)).filter_map(|message| rendered(message, "warning"));
            return Ok(Build::Library(library, warnings.collect()));
        }
        let errors: String = messages.iter().filter_map(|message| rendered(message, "error")).collect();
        // Without a diagnostic it is cargo's own trouble: a dependency that cannot be had, a manifest that is wrong.
        Ok(Build::Failed(if errors.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { errors }))
    }
}

/// Whether a message is about this crate, not about a dependency.
fn is_ours(message: &serde_json::Value, folder: &Path) -> bool {
    let manifest = message["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
    manifest.is_some_and(|parent| parent.canonicalize().is_ok_and(|parent| folder.canonicalize().is_ok_and(|folder| folder == parent)))
}

/// The library of an artifact message, if it is this crate's.
fn library_of(message: &serde_json::Value, folder: &Path) -> Option<PathBuf> {
    if message["reason"] != "compiler-artifact" || !is_ours(message, folder) {
        return None;
    }
    let mut files = message["filenames"].as_array()?.iter().filter_map(serde_json::Value::as_str).map(PathBuf::from);
    files.find(|file| file.extension().is_some_and(|extension| extension == "so"))
}

/// The text of a diagnostic of this level.
fn rendered(message: &serde_json::Value, level: &str) -> Option<String> {
    let diagnostic = &message["message"];
    (message["reason"] == "compiler-message" && diagnostic["level"] == level)
        .then(|| diagnostic["rendered"].as_str().unwrap_or_default().to_owned())
}

/// Puts a library where the watcher finds it: written beside, renamed into place, so that nobody sees half of it. `false` if the
/// same bytes lie there already.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn install(library: &Path, folder: &Path) -> std::io::Result<bool> {
    let name = library.file_name().unwrap_or(library.as_os_str());
    let (bytes, place) = (std::fs::read(library)?, folder.join(name));
    if std::fs::read(&place).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let beside = folder.join(format!(".{}.new", name.to_string_lossy()));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, place)?;
    Ok(true)
}

/// The same text without a terminal's colors.
pub(crate) fn without_color(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, manifest: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("keyhook-crate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        folder
    }

    #[test]
    fn a_library_crate_on_the_sdk_is_a_plugin_crate() {
        let plugin =
            folder("yes", "[package]\nname = \"hello\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nkeyhook-plugin = \"1\"\n");
        assert_eq!(PluginCrate::find(&plugin).unwrap().name, "hello");
        let program = folder("program", "[package]\nname = \"tool\"\n[dependencies]\nkeyhook-plugin = \"1\"\n");
        assert!(PluginCrate::find(&program).is_none());
        let other = folder("other", "[package]\nname = \"tool\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\n");
        assert!(PluginCrate::find(&other).is_none());
        for folder in [plugin, program, other] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn a_library_is_installed_once() {
        let folder = folder("install", "");
        let library = folder.join("libx.so");
        std::fs::write(&library, "1").unwrap();
        let place = folder.join("src");
        assert!(install(&library, &place).unwrap() && !install(&library, &place).unwrap());
        std::fs::write(&library, "2").unwrap();
        assert!(install(&library, &place).unwrap());
        assert_eq!(std::fs::read_to_string(place.join("libx.so")).unwrap(), "2");
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_start_page_gets_errors_without_colors() {
        assert_eq!(without_color("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: no"), "error: no");
        assert_eq!(without_color("plain"), "plain");
    }

    #[test]
    fn only_sources_count_as_changes() {
        assert!(PluginCrate::is_source(Path::new("src/lib.rs")) && PluginCrate::is_source(Path::new("Cargo.toml")));
        assert!(!PluginCrate::is_source(Path::new("src/.lib.rs.swp")) && !PluginCrate::is_source(Path::new("Cargo.lock")));
    }
}
