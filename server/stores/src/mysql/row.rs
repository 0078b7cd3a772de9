//! Between records and rows.

use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::Lookup;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use mysql_async::{Error, Row as Found, Value};

use crate::batching::decide::{Known, Row, Taken};

/// A key as the server sees it.
pub(super) fn key(key: &Key) -> Value {
    match key {
        Key::Issued(id) => Value::Int(id.raw()),
        Key::Named(name) => Value::Bytes(name.to_vec()),
    }
}

fn text_column(text: Option<&str>) -> Value {
    text.map_or(Value::NULL, |text| Value::Bytes(text.as_bytes().to_vec()))
}

/// The eight columns of a row.
pub(super) fn whole(row: &Row<'_>) -> [Value; 8] {
    [
        key(&row.record.key),
        Value::Int(row.record.grant.raw()),
        text_column(row.record.client.as_deref()),
        text_column(row.record.subject.as_deref()),
        Value::Int(row.record.expires_at.millis()),
        Value::UInt(row.version.into()),
        Value::Int(state_column(row.state)),
        Value::Bytes(row.body.to_vec()),
    ]
}

/// What a take changes: key, version, body.
pub(super) fn taken(row: &Taken<'_>) -> [Value; 3] {
    [key(row.key), Value::UInt(row.version.into()), row.body.map_or(Value::NULL, |body| Value::Bytes(body.to_vec()))]
}

fn state_column(state: State) -> i64 {
    match state {
        State::Live => 0,
        State::Spent => 1,
    }
}

fn state(column: i64) -> State {
    if column == 0 { State::Live } else { State::Spent }
}

/// A column of a row; one that is not there, or not of this form, was not written by us.
fn column<T: mysql_async::prelude::FromValue>(row: &mut Found, index: usize) -> Result<T, Error> {
    match row.take_opt(index) {
        Some(Ok(value)) => Ok(value),
        Some(Err(mysql_async::FromValueError(value))) => Err(Error::Driver(mysql_async::DriverError::FromValue { value })),
        None => Err(Error::Driver(mysql_async::DriverError::FromValue { value: Value::NULL })),
    }
}

fn key_of(kind: Kind, row: &mut Found) -> Result<Key, Error> {
    Ok(if kind.is_issued() { Key::Issued(RecordId::from_raw(column(row, 0)?)) } else { Key::named(column::<Vec<u8>>(row, 0)?) })
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Key, version and state of a locked row.
pub(super) fn known(kind: Kind, mut row: Found) -> Result<(Key, Known), Error> {
    let row = &mut row;
    Ok((key_of(kind, row)?, Known { version: column(row, 1)?, state: state(column(row, 2)?) }))
}

/// A whole record.
pub(super) fn record(kind: Kind, mut row: Found) -> Result<Record, Error> {
    let row = &mut row;
    Ok(Record {
        kind,
        key: key_of(kind, row)?,
        grant: RecordId::from_raw(column(row, 1)?),
        client: text(column(row, 2)?),
        subject: text(column(row, 3)?),
        expires_at: Timestamp::from_millis(column(row, 4)?),
        version: column(row, 5)?,
        state: state(column(row, 6)?),
        body: column(row, 7)?,
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
