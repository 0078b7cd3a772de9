//! Notes in a file which plugins' code is running at this moment, so that the supervisor can tell whose code killed the server.
//!
//! One slot of 80 bytes a thread (a name has 64 at most, the digest 12), written with one `pwrite` when a plugin is entered and one
//! when it is left: a microsecond, in `dev` only. What the kernel was given survives the process.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_host::CallWatch;

const SLOT: usize = 80;

/// The notes of one server process.
#[derive(Debug)]
pub(crate) struct Running {
    file: File,
}

impl Running {
    /// An empty file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create(path: &Path) -> io::Result<Running> {
        Ok(Running { file: File::create(path)? })
    }
}

impl CallWatch for Running {
    fn running(&self, plugin: &str) {
        let mut slot = [0; SLOT];
        let length = plugin.len().min(SLOT);
        slot[..length].copy_from_slice(&plugin.as_bytes()[..length]);
        // A note that cannot be written only makes a later death anonymous.
        let _ = self.file.write_at(&slot, thread_slot() * SLOT as u64);
    }
}

/// The plugins that were running when the process died.
pub(crate) fn suspects(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let names = bytes.chunks(SLOT).map(|slot| String::from_utf8_lossy(slot).trim_end_matches('\0').to_owned());
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    names
}

fn thread_slot() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local!(static SLOT: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    SLOT.with(|slot| *slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_inside_when_the_process_died_is_known_afterwards() {
        let path = std::env::temp_dir().join(format!("keyhook-running-{}", std::process::id()));
        let running = Running::create(&path).unwrap();
        running.running("polite");
        running.running("");
        assert!(suspects(&path).is_empty());
        running.running("rude");
        assert_eq!(suspects(&path), ["rude"]);
        std::fs::remove_file(path).unwrap();
    }
}
