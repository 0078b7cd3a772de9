//! The bytes that were checked, in a file that nobody can change: a sealed memfd, or a private file named by its digest.
//!
//! Loading the file itself would not do: overwriting a mapped library kills the process, and after a rename `dlopen` of the same
//! path answers with the old one.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;

use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// A copy that stays as it is until the process ends.
#[derive(Debug)]
pub(crate) struct MemoryCopy {
    /// What `dlopen` takes; unique in this process.
    path: PathBuf,
    fd: OwnedFd,
}

impl MemoryCopy {
    /// Copies a snapshot: into a memfd, or where that is not possible into `private/<sha256>.so`.
    ///
    /// # Errors
    /// [`Refusal::NoCopy`].
    pub(crate) fn of(snapshot: &Snapshot, private: Option<&Path>) -> Result<MemoryCopy, Refusal> {
        let copied = match memfd(snapshot) {
            Ok(copy) => return Ok(copy),
            Err(error) => error,
        };
        if private.is_none() {
            return Err(Refusal::NoCopy(copied.to_string()));
        }
        tracing::debug!(error = %copied, "no memfd, copying into the private folder");
        MemoryCopy::in_folder(snapshot, private)
    }

    /// Copies a snapshot into `private/<sha256>.so`.
    ///
    /// # Errors
    /// [`Refusal::NoCopy`].
    pub(crate) fn in_folder(snapshot: &Snapshot, private: Option<&Path>) -> Result<MemoryCopy, Refusal> {
        let Some(folder) = private else { return Err(Refusal::NoCopy("there is no private folder".into())) };
        private_file(snapshot, folder).map_err(|error| Refusal::NoCopy(format!("{}: {error}", folder.display())))
    }

    /// What `dlopen` takes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Another descriptor of the same copy, for a probe child.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub(crate) fn reopen(&self) -> std::io::Result<OwnedFd> {
        self.fd.try_clone()
    }
}

fn memfd(snapshot: &Snapshot) -> std::io::Result<MemoryCopy> {
    // The name shows in backtraces and /proc/self/maps; it takes 249 bytes.
    let name: String = snapshot.path.file_name().unwrap_or_default().to_string_lossy().chars().take(60).collect();
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know NOEXEC_SEAL. It forbids execve, not the mapping that dlopen makes.
    let fd = match rustix::fs::memfd_create(name.as_str(), flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => rustix::fs::memfd_create(name.as_str(), flags),
        made => made,
    }?;
    let mut file = File::from(fd);
    file.write_all(&snapshot.bytes)?;
    let fd = OwnedFd::from(file);
    rustix::fs::fcntl_add_seals(&fd, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    // Without /proc the linker could not open it.
    fs::metadata(&path)?;
    Ok(MemoryCopy { path, fd })
}

/// Writes `folder/<sha256>.so`, 0500 in a folder of 0700. One that is there already is compared byte for byte.
fn private_file(snapshot: &Snapshot, folder: &Path) -> std::io::Result<MemoryCopy> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // It may have been there, open to others; that fails for a folder that is not ours.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let path = folder.join(format!("{}.so", snapshot.digest.hex()));
    if fs::read(&path).ok().as_deref() != Some(snapshot.bytes.as_slice()) {
        let unfinished = folder.join(format!(".{}.{}", snapshot.digest.hex(), std::process::id()));
        let _ = fs::remove_file(&unfinished);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o500).open(&unfinished)?;
        file.write_all(&snapshot.bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
    }
    Ok(MemoryCopy { fd: OwnedFd::from(File::open(&path)?), path })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::snapshot::Digest;

    fn snapshot(bytes: &[u8]) -> Snapshot {
        let digest = Digest(keyhook_core::crypto::sha256(bytes));
        Snapshot { path: "/plugins/libclaims.so".into(), bytes: bytes.to_vec(), digest, warnings: Vec::new() }
    }

    #[test]
    fn nobody_can_change_a_copy_in_memory() {
        let copy = MemoryCopy::of(&snapshot(b"library"), None).unwrap();
        assert_eq!(fs::read(copy.path()).unwrap(), b"library");
        assert!(fs::write(copy.path(), "other").is_err());
        assert!(File::from(copy.reopen().unwrap()).set_len(0).is_err());
    }

    #[test]
    fn a_copy_in_the_private_folder_is_named_by_its_digest_and_mended_if_it_was_changed() {
        let folder = std::env::temp_dir().join(format!("keyhook-copy-{}", std::process::id()));
        let copied = private_file(&snapshot(b"library"), &folder).unwrap();
        let name = copied.path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name, snapshot(b"library").digest.hex());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(copied.path())), (0o700, 0o500));
        fs::remove_file(copied.path()).unwrap();
        fs::write(copied.path(), "other").unwrap();
        let again = private_file(&snapshot(b"library"), &folder).unwrap();
        assert_eq!(fs::read(again.path()).unwrap(), b"library");
        fs::remove_dir_all(folder).unwrap();
    }
}
