//! Which configuration files are read.

use std::path::{Path, PathBuf};

/// The usual file in the current folder.
pub(crate) const USUAL: &str = "keyhook.toml";

/// `--config` (repeatable) → `$KEYHOOK_CONFIG` → `./keyhook.toml` → `/etc/keyhook/keyhook.toml` → none.
///
/// What was named must exist, and is returned even if it does not; the two usual places are only looked at.
pub(crate) fn files(flags: &[PathBuf], environment: &[(String, String)]) -> Vec<PathBuf> {
    let named = named(flags, environment);
    if !named.is_empty() {
        return named;
    }
    let usual = [USUAL, "/etc/keyhook/keyhook.toml"];
    usual.iter().map(Path::new).find(|path| path.exists()).map(Path::to_path_buf).into_iter().collect()
}

/// The files that `--config`, or else `$KEYHOOK_CONFIG`, names.
pub(crate) fn named(flags: &[PathBuf], environment: &[(String, String)]) -> Vec<PathBuf> {
    if !flags.is_empty() {
        return flags.to_vec();
    }
    let variable = environment.iter().find(|(name, value)| name == "KEYHOOK_CONFIG" && !value.is_empty());
    variable.map(|(_, value)| std::env::split_paths(value).collect()).unwrap_or_default()
}
