//! `plugins.lock`, the list of approved libraries: read, written and read again it stays, and nothing is approved that does not stand there.

use std::path::Path;

use keyhook_core::crypto::sha256;
use keyhook_host::lock::{Approved, Lock, Standing};
use keyhook_host::snapshot::Digest;

/// An input is the file.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(lock) = Lock::parse(text) else { return };
    assert_eq!(Lock::parse(&lock.text()).unwrap(), lock);
    assert_eq!(Lock::parse(&format!("# a comment\n\n{}", lock.text())).unwrap(), lock);
    for entry in lock.entries() {
        assert!(entry.sha256.len() == 64 && text.contains(&entry.sha256));
        assert_eq!(lock.entries().iter().filter(|other| other.sha256 == entry.sha256).count(), 1);
        let own = digest(&entry.sha256);
        assert!(lock.check(Path::new("/anywhere/other.so"), own).is_ok());
        changed(&lock, entry, own);
    }
    assert!(lock.check(Path::new("new.so"), Digest(sha256(data))).is_err(), "the file does not hold its own digest");
    renewed(&lock);
}

fn digest(hex: &str) -> Digest {
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    }
    Digest(bytes)
}

/// The same file with other bytes is never approved.
fn changed(lock: &Lock, entry: &Approved, own: Digest) {
    let other = Digest(sha256(&own.0));
    let path = Path::new("plugins").join(&entry.file);
    let name = path.file_name().unwrap_or_default();
    match lock.standing(&path, other) {
        Standing::Approved(found) => assert_eq!(found.sha256, other.hex()),
        Standing::Changed(found) => assert!(name == found.file.as_str()),
        Standing::Unknown => assert!(name != entry.file.as_str()),
    }
}

/// Approving keeps one entry of a file, and taking all back leaves nothing.
fn renewed(lock: &Lock) {
    let mut lock = lock.clone();
    for entry in lock.entries().to_vec() {
        let again = Approved { sha256: Digest(sha256(entry.sha256.as_bytes())).hex(), ..entry.clone() };
        lock.approve(again.clone());
        assert!(lock.entries().contains(&again));
        assert_eq!(Lock::parse(&lock.text()).unwrap(), lock);
        for plugin in &entry.plugins {
            lock.revoke(&plugin.name);
            assert!(lock.entries().iter().all(|entry| entry.plugins.iter().all(|other| other.name != plugin.name)));
        }
    }
}
