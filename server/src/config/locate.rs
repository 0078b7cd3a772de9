//! Which configuration files are read.

use std::path::{Path, PathBuf};

/// `--config` (repeatable) → `$KEYHOOK_CONFIG` → `./keyhook.toml` → `/etc/keyhook/keyhook.toml` → none.
///
/// What was named must exist, and is returned even if it does not; the two usual places are only looked at.
pub(crate) fn files(flags: &[PathBuf], environment: &[(String, String)]) -> Vec<PathBuf> {
    if !flags.is_empty() {
        return flags.to_vec();
    }
    let named = environment.iter().find(|(name, value)| name == "KEYHOOK_CONFIG" && !value.is_empty());
    if let Some((_, value)) = named {
        return std::env::split_paths(value).collect();
    }
    let usual = ["keyhook.toml", "/etc/keyhook/keyhook.toml"];
    usual.iter().map(Path::new).find(|path| path.exists()).map(Path::to_path_buf).into_iter().collect()
}
