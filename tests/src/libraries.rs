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
        let packages =
            std::fs::read_dir(manifest).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").exists());
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--release", "--target-dir"]).arg(&target).current_dir(workspace());
        // `ldap-login` needs a TLS library; its own test builds it.
        for name in packages.chain(fixtures()).map(|path| package_name(&path)).filter(|name| name != "ldap-login") {
            cargo.arg("-p").arg(name);
        }
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target.join("release")
    });
    let library = folder.join(format!("lib{}.so", package.replace('-', "_")));
    assert!(library.exists(), "{} was not built", library.display());
    library
}

/// The library of a crate of the workspace as somebody builds it who has set `panic = "abort"`.
pub fn aborting(package: &str) -> PathBuf {
    let target = workspace().join("target/test-plugins-abort");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--release", "-p", package, "--target-dir"])
        .arg(&target)
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("release").join(format!("lib{}.so", package.replace('-', "_")))
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
    c_with(source, library, &[]);
}

/// Compiles a C source with further flags of gcc.
pub fn c_with(source: &Path, library: &Path, flags: &[&str]) {
    let include = workspace().join("plugin-api/include");
    let output = Command::new("gcc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-I"])
        .arg(include)
        .arg("-o")
        .arg(library)
        .arg(source)
        .args(flags)
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Compiles `fixtures/misfit.c` under a name, with further defines.
pub fn misfit(library: &Path, name: &str, defines: &[&str]) {
    let mut flags = vec![format!("-DNAME=\"{name}\"")];
    flags.extend(defines.iter().map(|define| format!("-D{define}")));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    c_with(&workspace().join("tests/fixtures/misfit.c"), library, &flags);
}

/// The library of `fixtures/versioned` as another version: one byte of the file is another.
pub fn versioned(version: u8) -> Vec<u8> {
    const MARK: &[u8] = b"the version of this library is:";
    let mut bytes = std::fs::read(rust("versioned")).unwrap();
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).unwrap() + MARK.len();
    bytes[at] = version;
    bytes
}

/// Puts a library into a folder as a package manager does: complete, in one step.
pub fn install(bytes: impl AsRef<[u8]>, folder: &Path, file: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let (unfinished, path) = (folder.join(format!(".{file}.unfinished")), folder.join(file));
    std::fs::write(&unfinished, bytes).unwrap();
    std::fs::rename(&unfinished, &path).unwrap();
    path
}

/// Puts the library of a crate of the workspace into a folder.
pub fn install_crate(package: &str, folder: &Path) -> PathBuf {
    let library = rust(package);
    install(std::fs::read(&library).unwrap(), folder, library.file_name().unwrap().to_str().unwrap())
}
