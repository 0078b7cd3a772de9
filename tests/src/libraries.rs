//! Plugins as `.so` files, built by the tests: Rust ones by cargo, C ones by gcc.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The library of a crate of the workspace (`customize-response`), built once a run.
pub fn rust(package: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let target = workspace().join("target/test-plugins");
        let manifest = workspace().join("plugins");
        let packages = std::fs::read_dir(manifest).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").exists());
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--release", "--target-dir"]).arg(&target).current_dir(workspace());
        for path in packages.chain(fixtures()) {
            cargo.arg("-p").arg(package_name(&path));
        }
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target.join("release")
    });
    let library = folder.join(format!("lib{}.so", package.replace('-', "_")));
    assert!(library.exists(), "{} was not built", library.display());
    library
}

fn fixtures() -> impl Iterator<Item = PathBuf> {
    let folder = workspace().join("tests/fixtures");
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").exists())
}

fn package_name(path: &Path) -> String {
    let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("name")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

/// Compiles a C source against the public header.
pub fn c(source: &Path, library: &Path) {
    let include = workspace().join("plugin-api/include");
    let output =
        Command::new("gcc").args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-I"]).arg(include).arg("-o").arg(library).arg(source).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
