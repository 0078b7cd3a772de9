//! Master keys: 32 bytes in a file that nobody else may read, written as 64 hexadecimal digits.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use keyhook_component::fail_point;
use keyhook_component::system::Random;
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::secret::Secret;

use crate::failure::{Exit, Failure};

/// What is derived from the master keys and what they seal with.
pub(crate) struct Keyring {
    /// Seals and signs.
    pub(crate) sealer: Sealer,
    /// Keys the hashes of subjects in the log: stable as long as the first master key.
    pub(crate) log_key: [u8; 32],
}

/// Reads the files; the first key seals, all open.
///
/// # Errors
/// When a file is missing, readable by others, or holds no key.
pub(crate) fn load<P: AsRef<Path>>(files: &[P]) -> Result<Keyring, Failure> {
    let mut keys = Vec::with_capacity(files.len());
    let mut log_key = None;
    for path in files {
        let bytes = read(path.as_ref())?;
        log_key.get_or_insert_with(|| keyhook_core::crypto::hmac_sha256(bytes.expose(), b"keyhook subject hashes in the log"));
        keys.push(MasterKey::new(*bytes.expose()));
    }
    let (Ok(sealer), Some(log_key)) = (Sealer::new(keys), log_key) else {
        return Err(Failure::new("KH0601", Exit::Configuration, "no master key is configured")
            .help("add `master_file` to [keys] and make the file with `keyhook key generate PATH`"));
    };
    Ok(Keyring { sealer, log_key })
}

fn read(path: &Path) -> Result<Secret<[u8; 32]>, Failure> {
    // A message goes into the journal; the commonest mistake must not take the key there.
    if path.to_str().is_some_and(|text| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(Failure::new(
            "KH0602",
            Exit::Configuration,
            "[keys] master_file looks like a master key; it has to name a file that holds one",
        )
        .help("write the key into a file of mode 0600 and name that file; if the key has been seen by others, make a new one"));
    }
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::new("KH0602", Exit::Configuration, format!("the master key {shown} cannot be read: {error}"))
            .help(format!("make one with `keyhook key generate {shown}`, or correct [keys] master_file"))
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.mode() & 0o077 != 0 {
        let text = format!("the master key {shown} can be read by others (mode {:o})", metadata.mode() & 0o7777);
        return Err(Failure::new("KH0603", Exit::NotPermitted, text).help(format!("chmod 600 {shown}")));
    }
    let text = Secret::new(fs::read_to_string(path).map_err(unreadable)?);
    decode(text.expose().trim()).ok_or_else(|| {
        Failure::new("KH0604", Exit::Configuration, format!("{shown} holds no master key"))
            .help("a master key is 64 hexadecimal digits in one line; `keyhook key generate PATH` writes one")
    })
}

fn decode(text: &str) -> Option<Secret<[u8; 32]>> {
    // Digit by digit, since a number may also be written with a sign.
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(Secret::new(bytes))
}

/// Writes a new master key into a file that does not exist yet, readable by its owner alone.
///
/// # Errors
/// When the file exists or cannot be written.
pub(crate) fn generate(path: &Path, random: &dyn Random) -> Result<(), Failure> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let bytes = Secret::new(bytes);
    // Reserved in full, so that no half-written copy stays behind in freed memory.
    let mut line = String::with_capacity(65);
    for byte in bytes.expose() {
        line.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')));
    }
    line.push('\n');
    let line = Secret::new(line);
    write_new(path, line.expose()).map_err(|error| {
        let shown = path.display();
        let failure = Failure::new("KH0605", Exit::Failed, format!("the master key {shown} cannot be written: {error}"));
        if error.kind() == ErrorKind::AlreadyExists {
            return failure
                .help("a key that is in use is never overwritten: what it sealed could not be opened any more; name another file");
        }
        failure
    })
}

/// Gives a file its name when all of it is on the disk: half a key must neither be taken for one nor keep the name from the next
/// attempt.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    // What an attempt that was cut short has left.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside).and_then(|mut file| {
        fail_point!("keys.before_write");
        file.write_all(text.as_bytes())?;
        fail_point!("keys.before_sync");
        file.sync_all()?;
        // Unlike a rename this replaces nothing.
        fs::hard_link(beside, path)
    });
    // Not the reason of a failure: the key is there, or is not.
    let _ = fs::remove_file(beside);
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

/// Makes the file unless it is there.
///
/// # Errors
/// When it is not there and cannot be written.
pub(crate) fn ensure(path: &Path, random: &dyn Random) -> Result<(), Failure> {
    if path.exists() { Ok(()) } else { generate(path, random) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::testing::Folder;

    struct Counting;
    impl Random for Counting {
        fn fill(&self, out: &mut [u8]) {
            for (index, byte) in out.iter_mut().enumerate() {
                *byte = u8::try_from(index).unwrap();
            }
        }
    }

    #[test]
    fn a_generated_key_is_read_back_and_never_overwritten() {
        let folder = Folder::new();
        let path = folder.path().join("master.key");
        generate(&path, &Counting).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
        assert!(load(&[&path]).is_ok());
        assert_eq!(generate(&path, &Counting).unwrap_err().code(), "KH0605");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something else was left");
        fs::write(folder.path().join("other.key.part"), "half").unwrap();
        generate(&folder.path().join("other.key"), &Counting).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        ensure(&path, &Counting).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = Folder::new();
        let path = folder.path().join("master.key");
        generate(&path, &Counting).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(load(&[&path]).err().unwrap().code(), "KH0603");
    }

    #[test]
    fn a_key_in_the_place_of_its_file_is_refused_and_not_repeated() {
        let key = "0123456789abcdef".repeat(4);
        let failure = load(&[&key]).err().unwrap();
        assert_eq!(failure.code(), "KH0602");
        assert!(!failure.to_string().contains("0123456789"), "{failure}");
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_its_content_is_not_repeated() {
        let folder = Folder::new();
        let path = folder.path().join("master.key");
        generate(&path, &Counting).unwrap();
        fs::write(&path, "correct-horse").unwrap();
        let failure = load(&[&path]).err().unwrap();
        assert_eq!(failure.code(), "KH0604");
        assert!(!failure.to_string().contains("correct-horse"));
        for wrong in ["+1".repeat(32), "ab".repeat(31), "ab".repeat(33), "é".repeat(32)] {
            fs::write(&path, &wrong).unwrap();
            assert_eq!(load(&[&path]).err().unwrap().code(), "KH0604", "{wrong}");
        }
        assert_eq!(load::<&Path>(&[]).err().unwrap().code(), "KH0601");
    }
}
