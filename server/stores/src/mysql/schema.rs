//! The schema and the way to it. Tables cannot be made in a transaction here, so each is made if it is not there, and the version last:
//! a start that was cut short is finished by the next.

use keyhook_component::record::Kind;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::failure;
use super::statements::table;
use crate::failure::Failure;
use crate::steps;

/// What opening may do.
#[derive(Clone, Copy)]
pub(super) struct May {
    pub(super) create: bool,
    pub(super) migrate: bool,
}

/// Brings the tables up to date, or says why not; a newer schema is refused before anything is written.
///
/// # Errors
/// What is wrong with the database.
pub(super) async fn migrate(connection: &mut Conn, shown: &str, may: May) -> Result<(), Failure> {
    let failed = |error: Error| failure::of(shown, &error);
    if inspect(connection, shown).await? == steps::known() {
        return Ok(());
    }
    // Another node may be doing the same: look again under the lock, which ends with the connection at the latest.
    let locked: Option<Option<i64>> =
        connection.query_first("SELECT GET_LOCK(CONCAT('keyhook ', DATABASE()), 10)").await.map_err(failed)?;
    if locked.flatten() != Some(1) {
        return Err(failure::silent(shown));
    }
    let migrated = under_lock(connection, shown, may).await;
    connection.query_drop("SELECT RELEASE_LOCK(CONCAT('keyhook ', DATABASE()))").await.map_err(failed)?;
    migrated
}

async fn under_lock(connection: &mut Conn, shown: &str, may: May) -> Result<(), Failure> {
    let found = inspect(connection, shown).await?;
    if found == 0 && !may.create {
        return Err(failure::missing(shown));
    }
    if found != 0 && found != steps::known() && !may.migrate {
        return Err(failure::older(shown, found, steps::known()));
    }
    run(connection, found).await.map_err(|error| failure::of(shown, &error))
}

async fn run(connection: &mut Conn, found: i64) -> Result<(), Error> {
    connection.query_drop("CREATE TABLE IF NOT EXISTS keyhook_schema (version BIGINT NOT NULL) ENGINE=InnoDB").await?;
    for kind in steps::missing(found) {
        connection.query_drop(create(kind)).await?;
    }
    connection.query_drop("DELETE FROM keyhook_schema").await?;
    connection.exec_drop("INSERT INTO keyhook_schema VALUES (?)", (steps::known(),)).await
}

/// The table of a kind. Issued kinds are keyed by their id, so inserts append and a purge is a range; named kinds by the bytes of the
/// name, with an index over their ends for the purge. state: 0 live, 1 spent; times are milliseconds since 1970.
fn create(kind: Kind) -> String {
    let key = if kind.is_issued() { "BIGINT" } else { "VARBINARY(1500)" };
    let mut indexes = String::new();
    if !kind.is_issued() {
        indexes.push_str(", INDEX ends (expires_at)");
    }
    let (by_client, by_subject) = steps::listed_by(kind);
    if by_client {
        indexes.push_str(", INDEX clients (client)");
    }
    if by_subject {
        indexes.push_str(", INDEX subjects (subject)");
    }
    format!(
        "CREATE TABLE IF NOT EXISTS {} (`key` {key} NOT NULL PRIMARY KEY, grant_id BIGINT NOT NULL, client VARBINARY(1500), \
         subject VARBINARY(1500), expires_at BIGINT NOT NULL, version INT UNSIGNED NOT NULL, state TINYINT NOT NULL, \
         body LONGBLOB NOT NULL{indexes}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
        table(kind)
    )
}

/// The schema that the database has, 0 for none, if it is not newer.
async fn inspect(connection: &mut Conn, shown: &str) -> Result<i64, Failure> {
    let failed = |error: Error| failure::of(shown, &error);
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'keyhook_schema'";
    let there: Option<i64> = connection.query_first(tables).await.map_err(failed)?;
    if there.unwrap_or_default() == 0 {
        return Ok(0);
    }
    let found: Option<Option<i64>> = connection.query_first("SELECT MAX(version) FROM keyhook_schema").await.map_err(failed)?;
    let found = found.flatten().unwrap_or_default();
    if found > steps::known() { Err(failure::newer(shown, found, steps::known())) } else { Ok(found) }
}
