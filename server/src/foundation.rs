//! What outlives a generation: clock, chance, records, keys, audit, metrics.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use keyhook_component::records::Records;
use keyhook_component::system::{Clock, Random};
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::time::Timestamp;
use keyhook_edge::Metrics;

use crate::audit::AuditLog;
use crate::config::{Config, Mode};
use crate::failure::{Exit, Failure};
use crate::keys::{self, Keyring};
use crate::stores;

/// What outlives a generation.
pub(crate) struct Foundation {
    pub(crate) started_at: Timestamp,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) records: Records,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Foundation {
    /// Opens keys and stores. Without `migrate` a store of an older layout is refused: another process still works with it.
    ///
    /// # Errors
    /// When the data folder, a key or a store cannot be used.
    pub(crate) async fn lay(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>, migrate: bool) -> Result<Foundation, Failure> {
        // What can fail without writing comes first: a start that fails leaves nothing behind.
        let keyring = keyring(config, &random)?;
        if let Some(data) = config.data() {
            folder(data)?;
        }
        let records = stores::open(config, &clock, stores::May { create: true, migrate }).await?;
        stores::claim(&records, config.mode).await?;
        let audit = AuditLog::start(keyring.log_key)
            .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("the audit log's thread cannot be started: {error}")))?;
        Ok(Foundation {
            started_at: clock.now(),
            clock,
            random,
            records,
            sealer: Arc::new(keyring.sealer),
            audit: Arc::new(audit),
            metrics: Arc::new(Metrics::new()),
        })
    }

    /// Writes out what is pending and closes the stores.
    pub(crate) async fn close(&self) {
        let audit = Arc::clone(&self.audit);
        let _ = tokio::task::spawn_blocking(move || audit.close()).await;
        for store in self.records.stores() {
            store.close().await;
        }
    }
}

/// Makes the data folder, for its owner alone; one that others can write is refused.
pub(crate) fn folder(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        Failure::new("KH0151", Exit::NotPermitted, format!("the data folder {shown} cannot be made: {error}"))
            .help("make it and give it to the server's user, or set `data` in [server]")
    })?;
    let metadata = std::fs::metadata(path)
        .map_err(|error| Failure::new("KH0151", Exit::NotPermitted, format!("the data folder {shown} cannot be read: {error}")))?;
    // Whoever may write into it may exchange the database. A user's private group has the user's number and no other member.
    let by_group = metadata.mode() & 0o020 != 0 && metadata.gid() != metadata.uid();
    if metadata.mode() & 0o002 != 0 || by_group {
        let who = if metadata.mode() & 0o002 == 0 { "a group" } else { "everybody" };
        return Err(Failure::new("KH0151", Exit::NotPermitted, format!("{who} can write into the data folder {shown}"))
            .help(format!("chmod 700 {shown}")));
    }
    Ok(())
}

/// The configured keys; development without files has a key that ends with the process.
fn keyring(config: &Config, random: &Arc<dyn Random>) -> Result<Keyring, Failure> {
    if config.keys.master_files.is_empty() && config.mode == Mode::Dev {
        return ephemeral(random);
    }
    if config.mode == Mode::Dev {
        for file in &config.keys.master_files {
            keys::ensure(file, &**random)?;
        }
    }
    keys::load(&config.keys.master_files)
}

fn ephemeral(random: &Arc<dyn Random>) -> Result<Keyring, Failure> {
    let sealer =
        Sealer::new(vec![MasterKey::new(random.bytes())]).map_err(|error| Failure::new("KH0601", Exit::Failed, error.to_string()))?;
    Ok(Keyring { sealer, log_key: random.bytes() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::folder;
    use crate::testing::Folder;

    #[test]
    fn a_data_folder_that_others_can_write_is_refused() {
        let place = Folder::new();
        for mode in [0o700, 0o755] {
            set_permissions(place.path(), Permissions::from_mode(mode)).unwrap();
            folder(place.path()).unwrap();
        }
        set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
        assert_eq!(folder(place.path()).unwrap_err().code(), "KH0151");
        // Giving a folder to a group that one is not in takes root.
        if chown(place.path(), None, Some(4242)).is_ok() {
            set_permissions(place.path(), Permissions::from_mode(0o770)).unwrap();
            assert_eq!(folder(place.path()).unwrap_err().code(), "KH0151");
        }
    }
}
