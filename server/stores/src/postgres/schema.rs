//! The schema and the way to it, in one transaction under a lock.
//!
//! Issued kinds are keyed by their id: ids grow with time, so inserts append and a purge is a range; tokens have no other index.
//! Named kinds are keyed by the bytes of the name; the index over rows that end at all is for the purge. Names and bodies are bytes:
//! no encoding of the database changes or refuses them (`convert_from(body, 'UTF8')` shows one).

use std::fmt::Write as _;

use keyhook_component::record::Kind;
use tokio_postgres::{Client, Error, GenericClient, Transaction};

use super::failure;
use crate::failure::Failure;
use crate::steps;

/// "khok": whoever migrates holds the advisory lock of this number.
const LOCK: i64 = 0x6b68_6f6b;

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
pub(super) async fn migrate(client: &mut Client, shown: &str, may: May) -> Result<(), Failure> {
    let failed = |error: Error| failure::of(shown, &error);
    if inspect(client, shown).await? == steps::known() {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(failed)?;
    // Another node may be doing the same: look again under the lock.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await.map_err(failed)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    let found = inspect(&transaction, shown).await?;
    if found == 0 && !may.create {
        return Err(failure::missing(shown));
    }
    if found != 0 && found != steps::known() && !may.migrate {
        return Err(failure::older(shown, found, steps::known()));
    }
    run(&transaction, found).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

async fn run(transaction: &Transaction<'_>, found: i64) -> Result<(), Error> {
    if found == 0 {
        transaction.batch_execute("CREATE TABLE keyhook_schema (version bigint NOT NULL); INSERT INTO keyhook_schema VALUES (0)").await?;
    }
    let tables: String = steps::missing(found).map(table).collect();
    transaction.batch_execute(&tables).await?;
    transaction.execute("UPDATE keyhook_schema SET version = $1", &[&steps::known()]).await.map(drop)
}

/// The table of a kind, in the schema that `search_path` finds first. state: 0 live, 1 spent; times are milliseconds since 1970.
fn table(kind: Kind) -> String {
    let name = format!("keyhook_{}", kind.name());
    let key = if kind.is_issued() { "bigint" } else { "bytea" };
    let mut sql = format!(
        "CREATE TABLE {name} (key {key} PRIMARY KEY, grant_id bigint NOT NULL, client bytea, subject bytea, expires_at bigint NOT NULL, \
         version bigint NOT NULL, state smallint NOT NULL, body bytea NOT NULL);\n"
    );
    let mut index = |of: &str, columns: &str| {
        let _infallible = writeln!(sql, "CREATE INDEX {name}_{of} ON {name} {columns};");
    };
    if !kind.is_issued() {
        index("end", &format!("(expires_at) WHERE expires_at < {}", i64::MAX));
    }
    let (by_client, by_subject) = steps::listed_by(kind);
    if by_client {
        index("client", "(client, key)");
    }
    if by_subject {
        index("subject", "(subject, key) WHERE subject IS NOT NULL");
    }
    sql
}

/// The schema that the database has, 0 for none, if it is not newer.
async fn inspect(client: &impl GenericClient, shown: &str) -> Result<i64, Failure> {
    let failed = |error: Error| failure::of(shown, &error);
    let row = client.query_one("SELECT to_regclass('keyhook_schema') IS NOT NULL", &[]).await.map_err(failed)?;
    if !row.try_get::<_, bool>(0).map_err(failed)? {
        return Ok(0);
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM keyhook_schema", &[]).await.map_err(failed)?;
    let found: i64 = row.try_get(0).map_err(failed)?;
    if found > steps::known() { Err(failure::newer(shown, found, steps::known())) } else { Ok(found) }
}
