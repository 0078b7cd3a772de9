//! What `keyhook plugin new` writes: the templates of a plugin, and the SDK's source beside it.
//!
//! This file belongs to no crate of its own: the `keyhook` binary takes it in with `#[path]`, and so does `tests/scaffold.rs`, which
//! fails when a source file is missing here.

/// A file to write: its path below the new folder, and its text.
pub(crate) struct File {
    /// With `/`, relative.
    pub(crate) path: &'static str,
    /// As it lies in the repository; templates still hold `{{name}}`.
    pub(crate) text: &'static str,
}

/// The folder of the SDK below the new plugin's.
pub(crate) const SDK_FOLDER: &str = "keyhook-plugin";

/// The files of a new plugin called `name`, which has to be a package name for Cargo: `a-z 0-9 - _`, a letter first.
pub(crate) fn files(name: &str) -> Vec<(String, String)> {
    let plugin = TEMPLATES.iter().map(|file| (file.path.to_owned(), file.text.replace("{{name}}", name)));
    let sdk = SDK.iter().map(|file| (format!("{SDK_FOLDER}/{}", file.path), file.text.to_owned()));
    plugin.chain(sdk).collect()
}

/// The plugin itself.
const TEMPLATES: &[File] = &[
    File { path: "Cargo.toml", text: include_str!("Cargo.toml.tmpl") },
    File { path: "README.md", text: include_str!("README.md.tmpl") },
    File { path: ".gitignore", text: include_str!("gitignore.tmpl") },
    File { path: "src/lib.rs", text: include_str!("src/lib.rs.tmpl") },
];

/// The SDK: three crates that inherit nothing from the workspace they come from.
pub(crate) const SDK: &[File] = &[
    File { path: "Cargo.toml", text: include_str!("../Cargo.toml") },
    File { path: "macros/Cargo.toml", text: include_str!("../macros/Cargo.toml") },
    File { path: "macros/src/arguments.rs", text: include_str!("../macros/src/arguments.rs") },
    File { path: "macros/src/emit.rs", text: include_str!("../macros/src/emit.rs") },
    File { path: "macros/src/function.rs", text: include_str!("../macros/src/function.rs") },
    File { path: "macros/src/handler.rs", text: include_str!("../macros/src/handler.rs") },
    File { path: "macros/src/hook.rs", text: include_str!("../macros/src/hook.rs") },
    File { path: "macros/src/lib.rs", text: include_str!("../macros/src/lib.rs") },
    File { path: "macros/src/nearest.rs", text: include_str!("../macros/src/nearest.rs") },
    File { path: "src/abi.rs", text: include_str!("../src/abi.rs") },
    File { path: "src/config.rs", text: include_str!("../src/config.rs") },
    File { path: "src/cx/authorization.rs", text: include_str!("../src/cx/authorization.rs") },
    File { path: "src/cx/custom.rs", text: include_str!("../src/cx/custom.rs") },
    File { path: "src/cx/mod.rs", text: include_str!("../src/cx/mod.rs") },
    File { path: "src/cx/request.rs", text: include_str!("../src/cx/request.rs") },
    File { path: "src/cx/start.rs", text: include_str!("../src/cx/start.rs") },
    File { path: "src/cx/token.rs", text: include_str!("../src/cx/token.rs") },
    File { path: "src/deny.rs", text: include_str!("../src/deny.rs") },
    File { path: "src/forward.rs", text: include_str!("../src/forward.rs") },
    File { path: "src/hook_names.rs", text: include_str!("../src/hook_names.rs") },
    File { path: "src/html.rs", text: include_str!("../src/html.rs") },
    File { path: "src/json/mod.rs", text: include_str!("../src/json/mod.rs") },
    File { path: "src/json/scan.rs", text: include_str!("../src/json/scan.rs") },
    File { path: "src/lib.rs", text: include_str!("../src/lib.rs") },
    File { path: "src/members.rs", text: include_str!("../src/members.rs") },
    File { path: "src/misuse.rs", text: include_str!("../src/misuse.rs") },
    File { path: "src/outcome.rs", text: include_str!("../src/outcome.rs") },
    File { path: "src/refused.rs", text: include_str!("../src/refused.rs") },
    File { path: "src/registry.rs", text: include_str!("../src/registry.rs") },
    File { path: "src/respond.rs", text: include_str!("../src/respond.rs") },
    File { path: "src/secret.rs", text: include_str!("../src/secret.rs") },
    File { path: "src/session.rs", text: include_str!("../src/session.rs") },
    File { path: "src/store.rs", text: include_str!("../src/store.rs") },
    File { path: "src/thunk.rs", text: include_str!("../src/thunk.rs") },
    File { path: "test/Cargo.toml", text: include_str!("../test/Cargo.toml") },
    File { path: "test/src/answer.rs", text: include_str!("../test/src/answer.rs") },
    File { path: "test/src/border/mod.rs", text: include_str!("../test/src/border/mod.rs") },
    File { path: "test/src/border/table.rs", text: include_str!("../test/src/border/table.rs") },
    File { path: "test/src/border/tests.rs", text: include_str!("../test/src/border/tests.rs") },
    File { path: "test/src/call.rs", text: include_str!("../test/src/call.rs") },
    File { path: "test/src/lib.rs", text: include_str!("../test/src/lib.rs") },
    File { path: "test/src/pattern.rs", text: include_str!("../test/src/pattern.rs") },
    File { path: "test/src/stand_in.rs", text: include_str!("../test/src/stand_in.rs") },
];
