//! Notices that files below some folders have changed and have come to rest.
//!
//! inotify wakes it; a slow poll notices what inotify is silent about (bind mounts, network folders). Either way the decision is
//! made by comparing what the files look like, and only after they looked the same twice: a copy under way is not a change yet.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long files must look the same.
const SETTLE: Duration = Duration::from_millis(60);
/// How often it looks without being woken.
const POLL: Duration = Duration::from_secs(2);

/// What a file looks like: inode, size, time of change in nanoseconds.
pub(crate) type Look = (u64, u64, i64, i64);

/// What the files in some folders look like.
pub(crate) type Looks = BTreeMap<PathBuf, Look>;

/// Looks at the files that count now. Taken before they are read, so that a change right after it is noticed.
pub(crate) fn looks(folders: &[PathBuf], wanted: fn(&Path) -> bool) -> Looks {
    let mut found = Looks::new();
    for folder in folders {
        collect(folder, wanted, &mut found);
    }
    found
}

/// Watches until the receiver is gone, and sends one message per change that came to rest.
///
/// `wanted` says which files count, `known` what they looked like when they were read.
pub(crate) async fn watch(folders: Vec<PathBuf>, wanted: fn(&Path) -> bool, mut known: Looks, changes: mpsc::Sender<()>) {
    let (wake, mut woken) = mpsc::channel(1);
    // The sender that is kept here keeps the channel open where there is no inotify: then the poll alone wakes.
    let _watcher = watcher(&folders, wake.clone());
    while !changes.is_closed() {
        let mut seen = look(&folders, wanted).await;
        if seen == known {
            let _ = tokio::time::timeout(POLL, woken.recv()).await;
            continue;
        }
        loop {
            tokio::time::sleep(SETTLE).await;
            let again = look(&folders, wanted).await;
            if again == seen {
                break;
            }
            seen = again;
        }
        known = seen;
        if changes.send(()).await.is_err() {
            return;
        }
    }
}

/// The kernel's notices. Where they cannot be had the poll alone serves.
fn watcher(folders: &[PathBuf], wake: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Looking opens the folders, which is an access too: waking for that would never end.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A full channel already holds a wake-up.
            let _ = wake.try_send(());
        }
    })
    .inspect_err(|error| tracing::debug!(%error, "no inotify; watching by polling"))
    .ok()?;
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
            tracing::debug!(%error, folder = %folder.display(), "no inotify; watching by polling");
        }
    }
    Some(watcher)
}

async fn look(folders: &[PathBuf], wanted: fn(&Path) -> bool) -> Looks {
    let folders = folders.to_vec();
    tokio::task::spawn_blocking(move || looks(&folders, wanted)).await.unwrap_or_default()
}

fn collect(path: &Path, wanted: fn(&Path) -> bool, into: &mut Looks) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        for entry in entries.map(|entry| entry.path()).filter(|path| !is_hidden(path) && !path.ends_with("target")) {
            collect(&entry, wanted, into);
        }
    } else if wanted(path) {
        into.insert(path.to_owned(), (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()));
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_library(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "so")
    }

    #[tokio::test]
    async fn looking_wakes_nobody() {
        let folder = std::env::temp_dir().join(format!("keyhook-look-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.so"), "a library").unwrap();
        let (wake, mut woken) = mpsc::channel(1);
        let _watcher = watcher(std::slice::from_ref(&folder), wake);
        for _ in 0..10 {
            look(std::slice::from_ref(&folder), is_library).await;
            std::fs::read(folder.join("a.so")).unwrap();
        }
        assert!(tokio::time::timeout(Duration::from_millis(200), woken.recv()).await.is_err(), "reading is no change");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_came_to_rest_is_one_change_and_others_are_none() {
        let folder = std::env::temp_dir().join(format!("keyhook-watch-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (sender, mut changes) = mpsc::channel(8);
        let known = looks(std::slice::from_ref(&folder), is_library);
        tokio::spawn(watch(vec![folder.clone()], is_library, known, sender));
        std::fs::write(folder.join("notes.txt"), "not a library").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(changes.try_recv().is_err(), "a text file is no plugin");
        std::fs::write(folder.join("a.so"), "first").unwrap();
        tokio::time::timeout(Duration::from_secs(10), changes.recv()).await.unwrap().unwrap();
        std::fs::write(folder.join("b.tmp"), "second").unwrap();
        std::fs::rename(folder.join("b.tmp"), folder.join("a.so")).unwrap();
        tokio::time::timeout(Duration::from_secs(10), changes.recv()).await.unwrap().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
