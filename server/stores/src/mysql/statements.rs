//! The SQL of every kind. A statement names its number of rows, so rows come in powers of two, and few texts are prepared.

use keyhook_component::record::Kind;
use keyhook_component::store::Index;

/// The columns of a record, in the order that `row` reads and binds.
const COLUMNS: &str = "`key`, grant_id, client, subject, expires_at, version, state, body";

/// The most rows of one statement.
pub(super) const MOST: usize = 256;

/// The table of a kind.
pub(super) fn table(kind: Kind) -> String {
    format!("keyhook_{}", kind.name())
}

/// `one` so many times, between commas.
fn times(count: usize, one: &str) -> String {
    vec![one; count].join(", ")
}

/// The record under a key.
pub(super) fn select(kind: Kind) -> String {
    format!("SELECT {COLUMNS} FROM {} WHERE `key` = ?", table(kind))
}

/// Locks the rows under so many keys. By the primary key whatever the statistics say: a scan would lock what is not asked for.
pub(super) fn lock(kind: Kind, count: usize) -> String {
    let keys = times(count, "?");
    format!("SELECT `key`, version, state FROM {} FORCE INDEX (PRIMARY) WHERE `key` IN ({keys}) ORDER BY `key` FOR UPDATE", table(kind))
}

/// Inserts so many rows.
pub(super) fn insert(kind: Kind, count: usize) -> String {
    format!("INSERT INTO {} ({COLUMNS}) VALUES {}", table(kind), times(count, "(?, ?, ?, ?, ?, ?, ?, ?)"))
}

/// Overwrites so many rows that are there.
pub(super) fn overwrite(kind: Kind, count: usize) -> String {
    let all = ["grant_id", "client", "subject", "expires_at", "version", "state", "body"];
    let written = all.map(|column| format!("{column} = VALUES({column})")).join(", ");
    format!("{} ON DUPLICATE KEY UPDATE {written}", insert(kind, count))
}

/// Makes so many rows spent, with the version and, if it is not null, the body that each names.
pub(super) fn take(kind: Kind, count: usize) -> String {
    let key = if kind.is_issued() { "SIGNED" } else { "BINARY" };
    let one = format!("SELECT CAST(? AS {key}) AS k, CAST(? AS UNSIGNED) AS v, CAST(? AS BINARY) AS b");
    let rows = vec![one; count].join(" UNION ALL ");
    let table = table(kind);
    format!(
        "UPDATE ({rows}) AS i STRAIGHT_JOIN {table} AS t ON t.`key` = i.k SET t.state = 1, t.version = i.v, t.body = COALESCE(i.b, t.body)"
    )
}

/// Deletes so many rows.
pub(super) fn delete(kind: Kind, count: usize) -> String {
    format!("DELETE FROM {} WHERE `key` IN ({})", table(kind), times(count, "?"))
}

/// Deletes at most so many rows (the second parameter): issued kinds below the id, named kinds that ended by the instant.
pub(super) fn purge(kind: Kind) -> String {
    let ended = if kind.is_issued() {
        "`key` < ? ORDER BY `key`".to_owned()
    } else {
        format!("expires_at <= ? AND expires_at < {} ORDER BY expires_at", i64::MAX)
    };
    format!("DELETE FROM {} WHERE {ended} LIMIT ?", table(kind))
}

/// Lists a page: the key to start after unless `from_start`, what the index is compared with, the limit.
pub(super) fn list(kind: Kind, index: &Index, from_start: bool) -> String {
    let mut conditions = Vec::new();
    if !from_start {
        conditions.push("`key` > ?");
    }
    match index {
        Index::All => {}
        Index::Client(_) => conditions.push("client = ?"),
        Index::Subject(_) => conditions.push("subject = ?"),
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {COLUMNS} FROM {} {filter} ORDER BY `key` LIMIT ?", table(kind))
}
