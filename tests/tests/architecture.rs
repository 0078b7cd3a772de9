//! The arrows between the crates, and what the workspace promises of itself.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use keyhook_tests::evidence::{Figure, record};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Direct dependencies that a crate of the workspace builds with, without its tests' own.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"].is_null()).map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_core_knows_no_input_and_no_output() {
    let forbidden = ["tokio", "hyper", "hyper-util", "http", "rusqlite", "tracing", "libloading", "socket2", "rustix", "once_cell"];
    let core = &dependencies()["keyhook-core"];
    assert!(forbidden.iter().all(|name| !core.contains(*name)), "{core:?}");
    assert!(core.iter().all(|name| !name.starts_with("keyhook")), "the core depends on no crate of ours: {core:?}");
}

/// What a plugin needs besides is its own affair; of the server it knows the SDK alone.
#[test]
fn a_plugin_depends_on_no_crate_of_ours_but_keyhook_plugin() {
    let all = dependencies();
    for entry in std::fs::read_dir(root().join("plugins")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(manifest) else { continue };
        let name = text.lines().find(|line| line.starts_with("name")).unwrap().split('"').nth(1).unwrap();
        let ours: Vec<_> = all[name].iter().filter(|dependency| all.contains_key(*dependency)).collect();
        assert_eq!(ours, ["keyhook-plugin"], "{name}");
    }
}

#[test]
fn the_sdk_is_small() {
    let all = dependencies();
    assert_eq!(all["keyhook-plugin"], BTreeSet::from(["inventory", "keyhook-plugin-macros", "tracing"].map(str::to_owned)));
    assert!(all["keyhook-plugin-macros"].is_empty(), "{:?}", all["keyhook-plugin-macros"]);
    assert_eq!(all["keyhook-plugin-test"], BTreeSet::from(["keyhook-plugin".to_owned()]));
}

#[test]
fn only_the_host_opens_foreign_code() {
    let openers: Vec<_> = dependencies().into_iter().filter(|(_, names)| names.contains("libloading")).map(|(name, _)| name).collect();
    assert_eq!(openers, ["keyhook-host"]);
}

#[test]
fn what_ships_knows_no_http_library() {
    let all = dependencies();
    for name in ["keyhook-builtin", "keyhook-stores", "keyhook-component", "keyhook-host"] {
        assert!(["hyper", "hyper-util"].iter().all(|forbidden| !all[name].contains(*forbidden)), "{name}: {:?}", all[name]);
        // A store speaks TLS to its database.
        assert!(name == "keyhook-stores" || !all[name].contains("rustls"), "{name}: {:?}", all[name]);
    }
    assert!(!all["keyhook-builtin"].contains("keyhook-edge") && !all["keyhook-edge"].contains("keyhook-builtin"));
    assert!(!all["keyhook-builtin"].contains("keyhook-stores") && !all["keyhook-builtin"].contains("keyhook-host"));
}

/// Lines of a file that open an `unsafe` block, or declare something `unsafe`.
fn unsafe_lines(text: &str) -> usize {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.filter(|line| ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|word| line.contains(word))).count()
}

#[test]
fn unsafe_code_stands_at_the_border_alone() {
    let allowed = ["plugin-api/src/abi.rs", "plugin-api/src/thunk.rs", "server/host/src/loader.rs", "server/host/src/ffi.rs"];
    let mut files = Vec::new();
    for folder in ["server", "plugin-api", "plugins"] {
        sources(&root().join(folder), &mut files);
    }
    let mut counted = Vec::new();
    for file in &files {
        let name = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let used = unsafe_lines(&std::fs::read_to_string(file).unwrap());
        // The stand-in server of the plugin tests is the other side of the same border.
        let at_the_border =
            used == 0 || allowed.contains(&name) || name.contains("/tests/") || name.starts_with("plugin-api/test/src/border/");
        assert!(at_the_border, "{name} has unsafe code");
        if used > 0 && allowed.contains(&name) {
            counted.push((name, used.into()));
        }
    }
    let all = [("files in all", files.len().into())];
    record(&Figure {
        id: "unsafe",
        what: "lines of what ships that open or declare `unsafe`, by file",
        measured: &[&all[..], &counted].concat(),
        accumulates: false,
        command: "cargo test -p keyhook-tests --test architecture unsafe",
        covers_not: "dependencies; what the macros of the SDK write into a plugin",
    });
}

#[test]
fn a_file_can_be_read_in_one_go() {
    let mut files = Vec::new();
    for folder in ["server", "plugin-api", "plugins", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        let reasoned = text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("one file"));
        assert!(lines <= 300 || reasoned, "{} has {lines} lines and its header does not say why it is one file", file.display());
    }
}

#[test]
fn the_fixed_packages_are_used() {
    let all = dependencies();
    for name in ["tokio", "hyper", "hyper-util", "inventory", "libloading", "serde", "serde_json", "once_cell", "tracing"] {
        let users = all.iter().filter(|(_, names)| names.contains(name)).count();
        assert!(users > 0, "nobody uses {name}");
    }
}
