//! Between records and rows.

use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::Lookup;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row as Found};

use crate::batching::decide::{Known, Row, Taken};

/// A column, or a list of them, on its way to the server.
pub(super) type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A key as PostgreSQL sees it.
pub(super) fn key(key: &Key) -> Column<'_> {
    match key {
        Key::Issued(id) => Box::new(id.raw()),
        Key::Named(name) => Box::new(&**name),
    }
}

/// Keys of one kind, as an array.
pub(super) fn keys<'a>(kind: Kind, keys: impl Iterator<Item = &'a Key>) -> Column<'a> {
    if kind.is_issued() {
        Box::new(keys.filter_map(|key| if let Key::Issued(id) = key { Some(id.raw()) } else { None }).collect::<Vec<_>>())
    } else {
        Box::new(keys.filter_map(|key| if let Key::Named(name) = key { Some(&**name) } else { None }).collect::<Vec<_>>())
    }
}

/// Whole rows, as the eight arrays of the columns.
pub(super) fn whole<'a>(kind: Kind, rows: &[Row<'a>]) -> Vec<Column<'a>> {
    vec![
        keys(kind, rows.iter().map(|row| &row.record.key)),
        Box::new(rows.iter().map(|row| row.record.grant.raw()).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| row.record.client.as_deref().map(str::as_bytes)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| row.record.subject.as_deref().map(str::as_bytes)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| row.record.expires_at.millis()).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| i64::from(row.version)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| state_column(row.state)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| row.body).collect::<Vec<_>>()),
    ]
}

/// What a take changes, as three arrays.
pub(super) fn taken<'a>(kind: Kind, rows: &[Taken<'a>]) -> Vec<Column<'a>> {
    vec![
        keys(kind, rows.iter().map(|row| row.key)),
        Box::new(rows.iter().map(|row| i64::from(row.version)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|row| row.body).collect::<Vec<_>>()),
    ]
}

fn state_column(state: State) -> i16 {
    match state {
        State::Live => 0,
        State::Spent => 1,
    }
}

fn state(column: i16) -> State {
    if column == 0 { State::Live } else { State::Spent }
}

fn key_of(kind: Kind, row: &Found) -> Result<Key, Error> {
    Ok(if kind.is_issued() { Key::Issued(RecordId::from_raw(row.try_get(0)?)) } else { Key::named(row.try_get::<_, &[u8]>(0)?) })
}

/// Versions are 32 bits wide; the column is wider, because PostgreSQL has no unsigned numbers.
fn version(column: i64) -> u32 {
    u32::try_from(column).unwrap_or_default()
}

fn text(column: Option<&[u8]>) -> Option<String> {
    column.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// Key, version and state of a locked row.
pub(super) fn known(kind: Kind, row: &Found) -> Result<(Key, Known), Error> {
    Ok((key_of(kind, row)?, Known { version: version(row.try_get(1)?), state: state(row.try_get(2)?) }))
}

/// A whole record.
pub(super) fn record(kind: Kind, row: &Found) -> Result<Record, Error> {
    Ok(Record {
        kind,
        key: key_of(kind, row)?,
        grant: RecordId::from_raw(row.try_get(1)?),
        client: text(row.try_get(2)?),
        subject: text(row.try_get(3)?),
        expires_at: Timestamp::from_millis(row.try_get(4)?),
        version: version(row.try_get(5)?),
        state: state(row.try_get(6)?),
        body: row.try_get(7)?,
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
