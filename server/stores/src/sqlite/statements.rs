//! The SQL of every kind, made once. Issued kinds and named kinds differ in their tables, not in their statements.

use std::sync::LazyLock;

use keyhook_component::record::Kind;
use keyhook_component::store::Index;

/// The columns of a record, in the order that `row` reads.
pub(super) const COLUMNS: &str = "key, grant_id, client, subject, expires_at, version, state, body";

/// The statements of one kind.
pub(super) struct Statements {
    pub(super) select: String,
    pub(super) insert: String,
    pub(super) put: String,
    pub(super) take: String,
    pub(super) replace: String,
    pub(super) delete: String,
    pub(super) fate: String,
    pub(super) purge: String,
}

/// The statements of a kind.
pub(super) fn of(kind: Kind) -> &'static Statements {
    &ALL[kind as usize]
}

static ALL: LazyLock<[Statements; Kind::ALL.len()]> = LazyLock::new(|| Kind::ALL.map(make));

fn make(kind: Kind) -> Statements {
    let table = kind.name();
    // Versions are 32 bits wide and wrap, as they do in every store. A spent record stays spent whoever overwrites it.
    let grown = "version = (version + 1) & 0xffffffff";
    let overwritten = format!("grant_id = ?2, client = ?3, subject = ?4, expires_at = ?5, {grown}, state = max(state, ?7), body = ?8");
    let insert = format!("INSERT INTO \"{table}\" ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO");
    Statements {
        select: format!("SELECT {COLUMNS} FROM \"{table}\" WHERE key = ?1"),
        put: format!("{insert} UPDATE SET {overwritten}"),
        insert: format!("{insert} NOTHING"),
        take: format!("UPDATE \"{table}\" SET state = 1, {grown}, body = coalesce(?3, body) WHERE key = ?1 AND version = ?2 AND state = 0"),
        replace: format!("UPDATE \"{table}\" SET {overwritten} WHERE key = ?1 AND version = ?6"),
        delete: format!("DELETE FROM \"{table}\" WHERE key = ?1"),
        fate: format!("SELECT state FROM \"{table}\" WHERE key = ?1"),
        purge: purge(kind),
    }
}

/// Deletes at most `?2` rows: issued kinds below the id `?1`, a range; named kinds that ended by the instant `?1`, by the partial
/// index over rows that end at all (its condition must be repeated for SQLite to use it); of nonces, whose names grow with time, those
/// among the first that ended.
fn purge(kind: Kind) -> String {
    let table = kind.name();
    if kind.is_issued() {
        format!(
            "DELETE FROM \"{table}\" WHERE key <= (SELECT max(key) FROM (SELECT key FROM \"{table}\" WHERE key < ?1 ORDER BY key LIMIT ?2))"
        )
    } else if kind == Kind::Nonce {
        let first = format!("SELECT key, expires_at FROM \"{table}\" WHERE key > x'' ORDER BY key LIMIT ?2");
        format!("DELETE FROM \"{table}\" WHERE key IN (SELECT key FROM ({first}) WHERE expires_at <= ?1)")
    } else {
        let ended = format!("SELECT key FROM \"{table}\" WHERE expires_at <= ?1 AND expires_at < {} LIMIT ?2", i64::MAX);
        format!("DELETE FROM \"{table}\" WHERE key IN ({ended})")
    }
}

/// Lists a page: `?1` the key to start after (unless `from_start`), `?2` the limit, `?3` what the index is compared with.
pub(super) fn list(kind: Kind, index: &Index, from_start: bool) -> String {
    let mut conditions = Vec::new();
    if !from_start {
        conditions.push("key > ?1");
    }
    match index {
        Index::All => {}
        Index::Client(_) => conditions.push("client = ?3"),
        Index::Subject(_) => conditions.push("subject = ?3"),
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {COLUMNS} FROM \"{}\" {filter} ORDER BY key LIMIT ?2", kind.name())
}
