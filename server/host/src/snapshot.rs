//! A private copy of a library's bytes, taken after the checks of owner and mode: what is checked is what is loaded.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use keyhook_core::crypto::sha256;
use rustix::fs::{Mode, OFlags};

use crate::refusal::Refusal;

/// The largest library that is read.
pub const MAX_LIBRARY_BYTES: u64 = 256 << 20;

/// Who may be able to write a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Only root and the server's user: everything else is refused.
    Strict,
    /// What others can write is refused, the rest is a warning (`dev`).
    Lenient,
}

/// SHA-256 of a library.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// 64 lower-case hex digits.
    pub fn hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The first 12 hex digits, for messages.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.short())
    }
}

/// A library read into memory.
pub struct Snapshot {
    /// Where it was read.
    pub path: PathBuf,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Of `bytes`.
    pub digest: Digest,
    /// Findings of [`Trust::Lenient`], each with the command that mends it.
    pub warnings: Vec<String>,
}

impl Snapshot {
    /// Opens, checks and reads a file.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`], [`Refusal::NotRegular`], [`Refusal::TooLarge`], [`Refusal::Exposed`].
    pub fn take(path: &Path, trust: Trust) -> Result<Snapshot, Refusal> {
        // A FIFO named x.so would hang a blocking open for ever.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| unreadable(errno.into()))?;
        let mut file = File::from(fd);
        let opened = file.metadata().map_err(unreadable)?;
        if !opened.is_file() {
            return Err(Refusal::NotRegular);
        }
        if opened.len() > MAX_LIBRARY_BYTES {
            return Err(Refusal::TooLarge(opened.len()));
        }
        let warnings = exposure(path, &opened, trust)?;
        let mut bytes = Vec::with_capacity(usize::try_from(opened.len()).unwrap_or(0) + 1);
        // One more than the limit, so that a file that grows meanwhile is noticed.
        (&mut file).take(MAX_LIBRARY_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_LIBRARY_BYTES {
            return Err(Refusal::TooLarge(bytes.len() as u64));
        }
        Ok(Snapshot { path: path.to_owned(), digest: Digest(sha256(&bytes)), bytes, warnings })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: std::io::Error) -> Refusal {
    Refusal::Unreadable(match error.kind() {
        std::io::ErrorKind::NotFound => "No such file".to_owned(),
        _ => error.to_string(),
    })
}

/// Checks the file and every folder above its real path.
fn exposure(path: &Path, opened: &std::fs::Metadata, trust: Trust) -> Result<Vec<String>, Refusal> {
    let real = std::fs::canonicalize(path).map_err(unreadable)?;
    let found = std::fs::metadata(&real).map_err(unreadable)?;
    if (found.dev(), found.ino()) != (opened.dev(), opened.ino()) {
        return Err(Refusal::Exposed("the file was replaced while it was checked".into()));
    }
    let mut warnings = Vec::new();
    weigh("file", &real, opened, trust, &mut warnings)?;
    for folder in real.ancestors().skip(1) {
        let metadata = std::fs::metadata(folder).map_err(unreadable)?;
        weigh("directory", folder, &metadata, trust, &mut warnings)?;
    }
    Ok(warnings)
}

/// A folder that anybody may put a library into, whatever lies in it now.
///
/// # Errors
/// [`Refusal::Exposed`] if everybody can write it or a folder above it. What cannot be looked at is somebody else's finding.
pub(crate) fn check_folder(folder: &Path) -> Result<(), Refusal> {
    let Ok(real) = std::fs::canonicalize(folder) else { return Ok(()) };
    real.ancestors().try_for_each(|folder| match std::fs::metadata(folder) {
        Ok(metadata) => weigh("directory", folder, &metadata, Trust::Lenient, &mut Vec::new()),
        Err(_) => Ok(()),
    })
}

/// Judges one file or folder. In a folder of root's with the sticky bit nobody can replace another's entry.
fn weigh(what: &str, path: &Path, metadata: &std::fs::Metadata, trust: Trust, warnings: &mut Vec<String>) -> Result<(), Refusal> {
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    let sticky_root = metadata.is_dir() && mode & 0o1000 != 0 && owner == 0;
    let named = if metadata.is_dir() { format!("{what} {}", path.display()) } else { what.to_owned() };
    if mode & 0o002 != 0 && !sticky_root {
        return Err(Refusal::Exposed(format!("{named} is writable by group or others (mode {mode:o})")));
    }
    // A user's private group has the user's own number and no other member.
    if mode & 0o020 != 0 && !sticky_root && metadata.gid() != owner {
        let finding = format!("{named} is writable by group or others (mode {mode:o})");
        note(finding, &format!("chmod g-w {}", path.display()), trust, warnings)?;
    }
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        note(format!("{named} is owned by uid {owner}"), &format!("chown root {}", path.display()), trust, warnings)?;
    }
    Ok(())
}

fn note(finding: String, remedy: &str, trust: Trust, warnings: &mut Vec<String>) -> Result<(), Refusal> {
    match trust {
        Trust::Strict => Err(Refusal::Exposed(finding)),
        Trust::Lenient => {
            warnings.push(format!("{finding}; {remedy}"));
            Ok(())
        }
    }
}
