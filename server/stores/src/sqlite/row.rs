//! Between a record and a row.

use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::Lookup;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, ToSql};

/// A key as SQLite sees it: the rowid of issued kinds, the name's bytes of named ones.
pub(super) struct KeyColumn<'a>(pub(super) &'a Key);

impl ToSql for KeyColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Key::Issued(id) => ToSqlOutput::Owned(Value::Integer(id.raw())),
            Key::Named(name) => ToSqlOutput::Borrowed(ValueRef::Blob(name)),
        })
    }
}

/// How a state is kept. Spent is the greater one, so that `max` keeps it.
pub(super) fn state_column(state: State) -> i64 {
    match state {
        State::Live => 0,
        State::Spent => 1,
    }
}

/// Whether a kept state is [`State::Spent`].
pub(super) fn is_spent(state: i64) -> bool {
    state != 0
}

/// The record of a row of [`super::statements::COLUMNS`].
pub(super) fn record(kind: Kind, row: &Row<'_>) -> rusqlite::Result<Record> {
    let key = if kind.is_issued() { Key::Issued(RecordId::from_raw(row.get(0)?)) } else { Key::named(row.get_ref(0)?.as_blob()?) };
    Ok(Record {
        kind,
        key,
        grant: RecordId::from_raw(row.get(1)?),
        client: row.get(2)?,
        subject: row.get(3)?,
        expires_at: Timestamp::from_millis(row.get(4)?),
        version: row.get(5)?,
        state: if is_spent(row.get(6)?) { State::Spent } else { State::Live },
        body: row.get(7)?,
    })
}

/// A found record, by its state.
pub(super) fn lookup(record: Option<Record>) -> Lookup<Record> {
    match record {
        None => Lookup::Absent,
        Some(record) if record.state == State::Live => Lookup::Live(record),
        Some(record) => Lookup::Spent(record),
    }
}
