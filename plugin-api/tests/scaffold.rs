//! A plugin as `keyhook plugin new` writes it: complete, short, and at home outside this workspace.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../scaffold/embedded.rs"]
mod embedded;

use std::fs;
use std::path::Path;
use std::process::Command;

/// All files below `folder`, relative to `root`.
fn below(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn every_source_file_of_the_sdk_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["Cargo.toml", "src", "macros/Cargo.toml", "macros/src", "test/Cargo.toml", "test/src"];
    let mut there: Vec<_> = folders.iter().flat_map(|folder| below(root, folder)).collect();
    let mut embedded: Vec<_> = embedded::SDK.iter().map(|file| file.path.to_owned()).collect();
    there.sort();
    embedded.sort();
    assert_eq!(embedded, there);
}

#[test]
fn a_new_plugin_has_at_most_forty_lines_and_no_placeholder() {
    let files = embedded::files("hello");
    let source = &files.iter().find(|(path, _)| path == "src/lib.rs").unwrap().1;
    assert!(source.lines().count() <= 40, "{} lines", source.lines().count());
    for (path, text) in files.iter().filter(|(path, _)| !path.starts_with(embedded::SDK_FOLDER)) {
        assert!(!text.contains("{{"), "{path}");
    }
}

/// Builds and tests it without the repository, and counts what it needs.
#[test]
fn a_new_plugin_builds_and_passes_its_tests_outside_the_workspace() {
    // Not below this workspace, where Cargo would look for it upward.
    let folder = std::env::temp_dir().join(format!("keyhook-scaffold-{}", std::process::id()));
    for (path, text) in embedded::files("hello") {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(&folder)
        .output()
        .unwrap();
    let lock = fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
    fs::remove_dir_all(&folder).unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("2 passed"), "{told}");
    assert!(!told.contains("warning"), "{told}");
    let crates = lock.matches("[[package]]").count();
    assert!((9..=12).contains(&crates), "{crates} crates:\n{lock}");
}
