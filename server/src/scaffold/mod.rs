//! A new plugin's folder: a crate of at most forty lines with passing tests, and the SDK beside it. And a new server's.

mod name;
mod sdk;
pub(crate) mod server;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};

pub(crate) use name::CrateName;

/// What the new plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Starter {
    /// A member in the token response and a URL.
    Response,
    /// A login page.
    Login,
    /// A grant type.
    Grant,
}

/// Folder of the SDK below the plugin's.
const SDK_FOLDER: &str = "keyhook-plugin";

/// Writes `parent/name` and gives its path. Nothing is left behind when it fails.
///
/// # Errors
/// `KH0550` when the folder exists, `KH0551` when it cannot be written.
pub(crate) fn write(parent: &Path, name: &CrateName, starter: Starter) -> Result<PathBuf, Failure> {
    write_all(parent, name, files(name, starter))
}

/// Writes files into a new folder.
fn write_all(parent: &Path, name: &CrateName, files: Vec<(String, String)>) -> Result<PathBuf, Failure> {
    let folder = parent.join(name.as_str());
    match std::fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let failure =
                Failure::new("KH0550", Exit::Usage, format!("the folder {} exists already; nothing was written", folder.display()));
            return Err(failure.help("choose another name, or move the folder"));
        }
        Err(error) => return Err(unwritable(&folder, &error)),
    }
    for (path, text) in files {
        if let Err(error) = write_file(&folder.join(path), &text) {
            let _ = std::fs::remove_dir_all(&folder);
            return Err(unwritable(&folder, &error));
        }
    }
    Ok(folder)
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new("KH0551", Exit::Failed, format!("{} cannot be written: {error}", folder.display()))
        .help("run it in a folder that you may write")
}

fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}

/// Every file: its path in the plugin's folder, and its text.
fn files(name: &CrateName, starter: Starter) -> Vec<(String, String)> {
    let filled = |template: &str| template.replace("{{name}}", name.as_str());
    let (source, settings) = match starter {
        Starter::Response => {
            (include_str!("../../../plugin-api/scaffold/src/lib.rs.tmpl"), include_str!("../../../plugin-api/scaffold/settings.md.tmpl"))
        }
        Starter::Login => (
            include_str!("../../../plugin-api/scaffold/src/login.rs.tmpl"),
            include_str!("../../../plugin-api/scaffold/settings.login.md.tmpl"),
        ),
        Starter::Grant => (
            include_str!("../../../plugin-api/scaffold/src/grant.rs.tmpl"),
            include_str!("../../../plugin-api/scaffold/settings.grant.md.tmpl"),
        ),
    };
    let readme = include_str!("../../../plugin-api/scaffold/README.md.tmpl").replace("{{settings}}\n", settings);
    let mut files = vec![
        ("Cargo.toml".to_owned(), filled(include_str!("../../../plugin-api/scaffold/Cargo.toml.tmpl"))),
        (".gitignore".to_owned(), filled(include_str!("../../../plugin-api/scaffold/gitignore.tmpl"))),
        ("README.md".to_owned(), filled(&readme)),
        ("src/lib.rs".to_owned(), filled(source)),
    ];
    files.extend(sdk::SDK.iter().map(|(path, text)| (format!("{SDK_FOLDER}/{path}"), (*text).to_owned())));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_new_plugin_is_short_and_stands_on_its_own() {
        let folder = Folder::new();
        for (name, starter) in [("hello", Starter::Response), ("front-door", Starter::Login), ("badge", Starter::Grant)] {
            let name = CrateName::parse(name).unwrap();
            let plugin = write(folder.path(), &name, starter).unwrap();
            let source = std::fs::read_to_string(plugin.join("src/lib.rs")).unwrap();
            assert!(source.lines().count() <= 40, "{}", source.lines().count());
            assert!(source.contains(&format!("plugin! {{ name: \"{}\" }}", name.as_str())) && !source.contains("{{name}}"));
            let manifest: toml::Table = std::fs::read_to_string(plugin.join("Cargo.toml")).unwrap().parse().unwrap();
            assert_eq!(manifest["package"]["name"].as_str(), Some(name.as_str()));
            assert!(manifest.contains_key("workspace"));
            let sdk = manifest["dependencies"]["keyhook-plugin"]["path"].as_str().unwrap();
            assert!(plugin.join(sdk).join("src/lib.rs").exists() && plugin.join(sdk).join("macros/Cargo.toml").exists());
            assert!(plugin.join(".gitignore").exists());
            let readme = std::fs::read_to_string(plugin.join("README.md")).unwrap();
            assert!(readme.contains("`keyhook.toml`") && !readme.contains("{{"), "{readme}");
            assert_eq!(readme.contains("greeting"), source.contains("greeting"), "only what the plugin reads: {readme}");
            assert!(crate::dev::PluginCrate::find(&plugin).is_some(), "`keyhook dev` knows it as a plugin");
        }
    }

    #[test]
    fn an_existing_folder_is_left_as_it_is() {
        let folder = Folder::new();
        std::fs::create_dir(folder.path().join("hello")).unwrap();
        let refused = write(folder.path(), &CrateName::parse("hello").unwrap(), Starter::Response).unwrap_err();
        assert_eq!((refused.code(), refused.exit()), ("KH0550", Exit::Usage));
        assert_eq!(std::fs::read_dir(folder.path().join("hello")).unwrap().count(), 0);
    }
}
