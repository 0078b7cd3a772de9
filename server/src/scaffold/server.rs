//! A new server's folder: keyhook with a grant of one's own linked in, ten lines and an example to change.

use std::path::{Path, PathBuf};

use super::CrateName;
use crate::failure::{Exit, Failure};

/// The repository: a folder with the server's source.
#[derive(Debug)]
pub(crate) struct Source(String);

impl Source {
    /// The folder that was named, or one above the program or the working folder.
    ///
    /// # Errors
    /// `KH0553` when it is not there.
    pub(crate) fn find(named: Option<&Path>, places: &[PathBuf]) -> Result<Source, Failure> {
        let missing = |why: String| {
            Failure::new("KH0553", Exit::NotFound, why).help("keyhook new server NAME --source FOLDER, the folder of keyhook's repository")
        };
        let found = match named {
            Some(folder) if is_source(folder) => Some(folder),
            Some(folder) => return Err(missing(format!("{} does not hold keyhook's source", folder.display()))),
            None => places.iter().flat_map(|place| place.ancestors()).find(|folder| is_source(folder)),
        };
        let found = found.ok_or_else(|| missing("keyhook's source lies neither above this folder nor above the program".to_owned()))?;
        let path = std::path::absolute(found).map_err(|error| missing(format!("{}: {error}", found.display())))?;
        // The path stands in a TOML string and in the text of a README.
        match path.to_str() {
            Some(text) if !text.contains(['"', '\\', '\n', '(', ')']) => Ok(Source(text.trim_end_matches('/').to_owned())),
            _ => Err(missing(format!("the path {} cannot be written into a Cargo.toml", path.display()))),
        }
    }
}

fn is_source(folder: &Path) -> bool {
    let names = |manifest: &str, name: &str| {
        std::fs::read_to_string(folder.join(manifest)).is_ok_and(|text| text.lines().any(|line| line == format!("name = \"{name}\"")))
    };
    names("server/Cargo.toml", "keyhook") && names("plugin-api/component/Cargo.toml", "keyhook-component")
}

/// Writes `parent/name` and gives its path. Nothing is left behind when it fails.
///
/// # Errors
/// `KH0550` when the folder exists, `KH0551` when it cannot be written.
pub(crate) fn write(parent: &Path, name: &CrateName, source: &Source) -> Result<PathBuf, Failure> {
    super::write_all(parent, name, files(name, source))
}

/// Every file: its path in the folder, and its text.
fn files(name: &CrateName, source: &Source) -> Vec<(String, String)> {
    let (name, ident) = (name.as_str(), name.as_str().replace('-', "_"));
    let filled = |template: &str| template.replace("{{name}}", name).replace("{{ident}}", &ident).replace("{{source}}", &source.0);
    let templates = [
        ("Cargo.toml", include_str!("server/Cargo.toml.tmpl")),
        ("src/main.rs", include_str!("server/main.rs.tmpl")),
        ("grant/Cargo.toml", include_str!("server/grant.Cargo.toml.tmpl")),
        ("grant/src/lib.rs", include_str!("server/grant.rs.tmpl")),
        ("README.md", include_str!("server/README.md.tmpl")),
        (".gitignore", include_str!("server/gitignore.tmpl")),
    ];
    let mut files: Vec<_> = templates.into_iter().map(|(path, template)| (path.to_owned(), filled(template))).collect();
    // The versions that keyhook is tested with; cargo adds the two crates and takes away what is not used.
    if let Ok(lock) = std::fs::read_to_string(Path::new(&source.0).join("Cargo.lock")) {
        files.push(("Cargo.lock".to_owned(), lock));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn repository() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
    }

    #[test]
    fn a_new_server_is_ten_lines_and_a_grant() {
        let folder = Folder::new();
        let source = Source::find(Some(&repository()), &[]).unwrap();
        let server = write(folder.path(), &CrateName::parse("my-login").unwrap(), &source).unwrap();
        let main = std::fs::read_to_string(server.join("src/main.rs")).unwrap();
        assert!(main.lines().count() <= 10 && main.contains("use my_login_grant as _;"), "{main}");
        for (path, _) in files(&CrateName::parse("my-login").unwrap(), &source) {
            let text = std::fs::read_to_string(server.join(&path)).unwrap();
            assert!(!text.contains("{{"), "{path}: {text}");
        }
        let manifest: toml::Table = std::fs::read_to_string(server.join("Cargo.toml")).unwrap().parse().unwrap();
        assert!(Path::new(manifest["dependencies"]["keyhook"]["path"].as_str().unwrap()).join("src/lib.rs").exists());
        assert!(server.join("Cargo.lock").exists());
        let again = write(folder.path(), &CrateName::parse("my-login").unwrap(), &source).unwrap_err();
        assert_eq!(again.code(), "KH0550");
    }

    #[test]
    fn the_source_is_found_above_the_program_or_named() {
        let below = repository().join("server/src/scaffold");
        assert_eq!(Source::find(None, &[PathBuf::from("/"), below]).unwrap().0, repository().to_str().unwrap());
        let folder = Folder::new();
        for (named, places) in [(Some(folder.path()), vec![repository()]), (None, vec![folder.path().to_owned()])] {
            let refused = Source::find(named, &places).unwrap_err();
            assert!(refused.code() == "KH0553" && refused.to_string().contains("--source"), "{refused}");
        }
    }
}
