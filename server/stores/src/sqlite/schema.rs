//! The schema and the way to it: one list of steps, each run once, all of them in one transaction.

use std::path::Path;

use keyhook_component::fail_point;
use rusqlite::Connection;

use super::failure::Failure;

/// Says in the file's header whose it is: "khok".
const APPLICATION: i32 = 0x6b68_6f6b;

/// The steps of this keyhook. Step `n` leads from schema `n` to schema `n + 1`. Steps that were released are never changed, only
/// followed by others.
pub(super) const STEPS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Brings the file up to date. An empty file gets everything; a newer or a foreign one is refused before anything is written.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| Failure::of(path, &error);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if inspect(connection, path, known)? == known {
        return Ok(());
    }
    // Another process may be doing the same: look again under the lock.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let found = inspect(&transaction, path, known)?;
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(failed)?;
        fail_point!("sqlite.in_migration");
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
    transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    fail_point!("sqlite.before_migration_commit");
    transaction.commit().map_err(failed)
}

/// Refuses a newer or a foreign file, and writes nothing.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn refuse_unknown(connection: &Connection, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    inspect(connection, path, i64::try_from(steps.len()).unwrap_or(i64::MAX)).map(drop)
}

/// Refuses a file that would have to be migrated; an empty one is nobody's yet.
///
/// # Errors
/// When the file has an older schema.
pub(super) fn refuse_older(connection: &Connection, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    match inspect(connection, path, known)? {
        found if found == 0 || found == known => Ok(()),
        found => Err(Failure::older(path, found, known)),
    }
}

/// The schema that the file has, if it is ours and not newer.
fn inspect(connection: &Connection, path: &Path, known: i64) -> Result<i64, Failure> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| Failure::of(path, &error));
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let owner = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    if owner != i64::from(APPLICATION) && (tables > 0 || owner != 0 || found != 0) {
        return Err(Failure::foreign(path));
    }
    if found > known {
        return Err(Failure::newer(path, found, known));
    }
    if found < 0 {
        return Err(Failure::foreign(path));
    }
    Ok(found)
}
