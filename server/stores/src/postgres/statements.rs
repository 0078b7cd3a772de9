//! The SQL of every kind, made once. Lists of rows come as arrays, so that one statement writes any number of them.

use std::sync::LazyLock;

use keyhook_component::record::Kind;
use keyhook_component::store::Index;

/// The columns of a record, in the order that `row` reads and binds.
const COLUMNS: &str = "key, grant_id, client, subject, expires_at, version, state, body";

/// The statements of one kind.
pub(super) struct Statements {
    pub(super) select: String,
    pub(super) lock: String,
    pub(super) insert: String,
    pub(super) overwrite: String,
    pub(super) take: String,
    pub(super) delete: String,
    pub(super) purge: String,
}

/// The statements of a kind.
pub(super) fn of(kind: Kind) -> &'static Statements {
    &ALL[kind as usize]
}

static ALL: LazyLock<[Statements; Kind::ALL.len()]> = LazyLock::new(|| Kind::ALL.map(make));

fn make(kind: Kind) -> Statements {
    let table = format!("keyhook_{}", kind.name());
    let key = if kind.is_issued() { "bigint" } else { "bytea" };
    let rows = format!(
        "unnest($1::{key}[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::smallint[], $8::bytea[]) AS i ({COLUMNS})"
    );
    let all = "grant_id = i.grant_id, client = i.client, subject = i.subject, expires_at = i.expires_at, version = i.version, \
        state = i.state, body = i.body";
    let taken = format!("unnest($1::{key}[], $2::bigint[], $3::bytea[]) AS i (key, version, body)");
    Statements {
        select: format!("SELECT {COLUMNS} FROM {table} WHERE key = $1"),
        lock: format!("SELECT key, version, state FROM {table} WHERE key = ANY($1::{key}[]) ORDER BY key FOR UPDATE"),
        insert: format!("INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM {rows}"),
        overwrite: format!("UPDATE {table} AS t SET {all} FROM {rows} WHERE t.key = i.key"),
        take: format!(
            "UPDATE {table} AS t SET state = 1, version = i.version, body = coalesce(i.body, t.body) FROM {taken} WHERE t.key = i.key"
        ),
        delete: format!("DELETE FROM {table} WHERE key = ANY($1::{key}[])"),
        purge: purge(kind, &table),
    }
}

/// Deletes at most `$2` rows: issued kinds below the id `$1`, named kinds that ended by the instant `$1`. What another node is
/// deleting or writing is left to it.
fn purge(kind: Kind, table: &str) -> String {
    let ended = if kind.is_issued() {
        "key < $1 ORDER BY key".to_owned()
    } else {
        format!("expires_at <= $1 AND expires_at < {} ORDER BY expires_at", i64::MAX)
    };
    format!("DELETE FROM {table} WHERE key = ANY(ARRAY(SELECT key FROM {table} WHERE {ended} LIMIT $2 FOR UPDATE SKIP LOCKED))")
}

/// Lists a page: `$1` the limit, then the key to start after unless `from_start`, then what the index is compared with.
pub(super) fn list(kind: Kind, index: &Index, from_start: bool) -> String {
    let mut conditions = Vec::new();
    if !from_start {
        conditions.push("key > $2".to_owned());
    }
    let next = if from_start { 2 } else { 3 };
    match index {
        Index::All => {}
        Index::Client(_) => conditions.push(format!("client = ${next}")),
        Index::Subject(_) => conditions.push(format!("subject = ${next}")),
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {COLUMNS} FROM keyhook_{} {filter} ORDER BY key LIMIT $1", kind.name())
}
