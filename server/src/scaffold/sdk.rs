//! The source of the plugin SDK, embedded, so that a new plugin builds in an empty folder without the repository.

macro_rules! embedded {
    ($($path:literal)*) => { &[$(($path, include_str!(concat!("../../../plugin-api/", $path)))),*] };
}

/// Every file of the SDK: its path below `plugin-api`, and its text.
pub(crate) const SDK: &[(&str, &str)] = embedded! {
    "Cargo.toml"
    "include/keyhook_plugin.h"
    "macros/Cargo.toml"
    "macros/src/arguments.rs"
    "macros/src/emit.rs"
    "macros/src/function.rs"
    "macros/src/handler.rs"
    "macros/src/hook.rs"
    "macros/src/lib.rs"
    "macros/src/nearest.rs"
    "src/abi.rs"
    "src/client.rs"
    "src/config.rs"
    "src/cx/authorization.rs"
    "src/cx/custom.rs"
    "src/cx/mod.rs"
    "src/cx/oauth1.rs"
    "src/cx/provide.rs"
    "src/cx/request.rs"
    "src/cx/start.rs"
    "src/cx/token.rs"
    "src/deny.rs"
    "src/forward.rs"
    "src/hook_names.rs"
    "src/html.rs"
    "src/json/mod.rs"
    "src/json/scan.rs"
    "src/lib.rs"
    "src/members.rs"
    "src/misuse.rs"
    "src/outcome.rs"
    "src/refused.rs"
    "src/registry.rs"
    "src/respond.rs"
    "src/secret.rs"
    "src/session.rs"
    "src/store.rs"
    "src/thunk.rs"
    "test/Cargo.toml"
    "test/src/answer.rs"
    "test/src/border/mod.rs"
    "test/src/border/store.rs"
    "test/src/border/table.rs"
    "test/src/border/tests.rs"
    "test/src/call.rs"
    "test/src/kind.rs"
    "test/src/lib.rs"
    "test/src/oauth1.rs"
    "test/src/pattern.rs"
    "test/src/stand_in.rs"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn collect(root: &Path, folder: &str, into: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(root, &name, into);
            } else {
                into.insert(name);
            }
        }
    }

    #[test]
    fn what_is_embedded_is_the_whole_sdk() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("plugin-api");
        let mut there = BTreeSet::from(["Cargo.toml", "macros/Cargo.toml", "test/Cargo.toml"].map(str::to_owned));
        for folder in ["include", "macros/src", "src", "test/src"] {
            collect(&root, folder, &mut there);
        }
        let embedded: BTreeSet<String> = SDK.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(embedded, there);
        assert!(SDK.iter().all(|(path, text)| *text == std::fs::read_to_string(root.join(path)).unwrap()));
    }
}
