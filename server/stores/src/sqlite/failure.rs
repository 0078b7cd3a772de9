//! What an operator reads when the database says no: code, what happened, where, and the way out.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

pub(super) use crate::failure::Failure;

impl Failure {
    /// No file, and none may be made.
    pub(super) fn missing(path: &Path) -> Failure {
        Failure::Unusable(format!(
            "KH0401 there is no database at {}; set [store] to the right path, or start the server once, which makes it (`keyhook serve`, `keyhook dev`)",
            path.display()
        ))
    }

    /// A file of a later keyhook.
    pub(super) fn newer(path: &Path, found: i64, known: i64) -> Failure {
        Failure::Unusable(format!(
            "KH0403 {} has schema {found}, this keyhook knows up to {known}: start the newer keyhook again, or restore the backup made before the upgrade; nothing was changed",
            path.display()
        ))
    }

    /// A file that must not change under the process that works with it.
    pub(super) fn older(path: &Path, found: i64, known: i64) -> Failure {
        Failure::Unusable(format!(
            "KH0412 {} has schema {found}, this keyhook writes {known}, and an older one still works with the file: stop that one first, then start this one; nothing was changed",
            path.display()
        ))
    }

    /// A SQLite file, but not ours.
    pub(super) fn foreign(path: &Path) -> Failure {
        Failure::Unusable(format!(
            "KH0405 {} is the database of another program; give keyhook a path of its own; nothing was changed",
            path.display()
        ))
    }

    /// The file system said no.
    pub(super) fn folder(path: &Path, error: &std::io::Error) -> Failure {
        Failure::Unusable(format!(
            "KH0404 {} cannot be made or written ({error}); give its folder to the user that runs keyhook",
            path.display()
        ))
    }

    /// What SQLite said. Its texts name tables and columns, never values.
    pub(super) fn of(path: &Path, error: &Error) -> Failure {
        let path = path.display();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Failure::Unusable(format!(
                "KH0402 {path} is damaged or not a database ({error}); stop keyhook, keep a copy of the file, restore a backup"
            )),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Failure::Unusable(format!(
                "KH0404 {path} cannot be written ({error}); give it and its folder to the user that runs keyhook"
            )),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Unavailable(format!(
                "KH0407 another process has held {path} for too long ({error}); end what keeps a transaction open, a backup or a shell"
            )),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => Failure::Unavailable(format!(
                "KH0408 {path} could not be written ({error}); make room or mend the disk, nothing was written"
            )),
            Some(_) => Failure::Unavailable(format!("KH0409 {path}: {error}")),
            None => Failure::Unusable(format!("KH0402 {path} holds a value that keyhook did not write ({error}); restore a backup")),
        }
    }
}
