//! The kept inputs, run on any machine as plain tests: what was found once is not found again.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};

use keyhook_fuzz::targets::{ALL, Target};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn replay(name: &str) {
    let target: Target = ALL.iter().find(|(own, _)| *own == name).unwrap().1;
    let kept = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name));
    assert!(kept.len() >= 3, "{name} has no kept inputs");
    for input in kept {
        let data = std::fs::read(&input).unwrap();
        // Under the test's own capture: shown only if the input fails.
        println!("{}", input.display());
        target(&data);
    }
}

macro_rules! replayed {
    ($($name:ident),* $(,)?) => {
        mod what_is_kept_holds_for {
            $(#[test]
            fn $name() {
                super::replay(stringify!($name));
            })*
        }

        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replayed! {
    authorization_header,
    authorization_request,
    content_type,
    cookie,
    elf,
    form,
    guard,
    issuer,
    oauth1,
    pkce,
    plugin_calls,
    plugin_json,
    plugin_tables,
    plugins_lock,
    redirect_uri,
    request_head,
    route,
    scope,
    seal,
    token,
    admin_socket,
    configuration,
    http,
    master_key,
}

#[test]
fn every_target_is_replayed_and_has_its_fuzzer() {
    assert!(ALL.iter().map(|(name, _)| *name).eq(REPLAYED.iter().copied()));
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let doors = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets"));
    assert_eq!(doors.len(), ALL.len());
    for (name, _) in ALL {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no [[bin]]");
    }
}
