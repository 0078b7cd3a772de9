//! Finds or makes the file and opens it: 0600 in a folder of 0700, WAL, forced to disk where commits must be durable.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyhook_component::registry::StoreSource;
use keyhook_component::store::StoreError;
use rusqlite::{Connection, OpenFlags};

use super::failure::Failure;
use super::schema;
use super::writer::LOOK;

const DEFAULT_FILE: &str = "keyhook.db";

/// How long opening waits for another process that opens or closes the same file.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a look-up waits, on a thread that serves requests, for a process that mends the log after a crash.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// Room for every statement of every kind.
const CACHED_STATEMENTS: usize = 160;

/// Where the file is. Makes folder and file if they are missing and may be made.
///
/// # Errors
/// [`StoreError::Unusable`] when it is missing or cannot be made.
pub(super) fn locate(source: &StoreSource) -> Result<PathBuf, StoreError> {
    let address = source.address.strip_prefix("//").unwrap_or(&source.address);
    let path = source.data.join(if address.is_empty() { DEFAULT_FILE } else { address });
    let empty = fs::metadata(&path).map_or(true, |found| found.is_file() && found.len() == 0);
    if empty && !source.create {
        return Err(Failure::missing(&path).into());
    }
    if empty {
        make(&path).map_err(|error| Failure::folder(&path, &error))?;
    }
    Ok(path)
}

fn make(path: &Path) -> std::io::Result<()> {
    let (mut folder, mut file) = (fs::DirBuilder::new(), fs::OpenOptions::new());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.recursive(true).create(parent)?;
    }
    // SQLite gives its log and index files the mode of the database file.
    file.append(true).create(true).open(path).map(drop)
}

/// The writer's connection, with the schema up to date.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn writer(path: &Path, source: &StoreSource) -> Result<Connection, StoreError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let failed = |error: rusqlite::Error| Failure::of(path, &error);
    // Looked at before the journal mode is set: a foreign or newer file is not to be changed in the least.
    schema::refuse_unknown(&connection, path, schema::STEPS)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let text =
            format!("KH0411 {} lies on a file system without shared memory, which SQLite's log needs: use a local disk", path.display());
        return Err(StoreError::Unusable(text));
    }
    force_to_disk(&connection, source.durable).map_err(failed)?;
    if !source.migrate {
        schema::refuse_older(&connection, path, schema::STEPS)?;
    }
    schema::migrate(&mut connection, path, schema::STEPS)?;
    // From here on the writer waits in short turns.
    connection.busy_timeout(LOOK).map_err(failed)?;
    Ok(connection)
}

/// Whether a commit waits for the disk.
pub(super) fn force_to_disk(connection: &Connection, durable: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })
}

/// A connection that cannot write.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(SHORT_PATIENCE).map_err(|error| Failure::of(path, &error))?;
    Ok(connection)
}

/// A connection for checkpoints.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn checkpointer(path: &Path, durable: bool) -> Result<Connection, Failure> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    force_to_disk(&connection, durable).map_err(|error| Failure::of(path, &error))?;
    Ok(connection)
}

/// Paths are paths: no URI, no file made by SQLite with a mode of its own choice.
fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Failure> {
    let failed = |error: rusqlite::Error| Failure::of(path, &error);
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}
