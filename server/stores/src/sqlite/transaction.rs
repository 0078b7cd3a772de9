//! The rules of a batch, as SQL inside one transaction that many batches share.

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::fail_point;
use keyhook_component::record::{Key, Kind, Record};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::row::{self, KeyColumn};
use super::statements;

/// How batches are kept apart inside the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Not at all: right as long as no batch is refused after it wrote.
    Bold,
    /// A savepoint around every batch of several operations.
    Savepoints,
}

/// How far the transaction has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Each batch was applied or refused, and the refused ones left nothing.
    Decided,
    /// One was refused after it wrote: roll back and run all of them again with [`Care::Savepoints`].
    Again,
}

/// The statements of one transaction, each looked up once.
pub(super) struct Prepared<'c> {
    connection: &'c Connection,
    known: Vec<(&'static str, CachedStatement<'c>)>,
}

impl<'c> Prepared<'c> {
    /// None yet.
    pub(super) fn on(connection: &'c Connection) -> Prepared<'c> {
        Prepared { connection, known: Vec::with_capacity(8) }
    }

    /// The statement of a text. A text has one place in memory, by which it is found.
    fn of(&mut self, sql: &'static str) -> rusqlite::Result<&mut CachedStatement<'c>> {
        let known = self.known.iter().position(|(text, _)| std::ptr::eq(*text, sql));
        if known.is_none() {
            self.known.push((sql, self.connection.prepare_cached(sql)?));
        }
        let at = known.unwrap_or(self.known.len() - 1);
        Ok(&mut self.known[at].1)
    }
}

/// Applies batches in order and adds what became of each to `decided`.
///
/// Most refusals come from the first operation, the guard, when nothing of the batch is written yet. So nothing is spent on
/// savepoints until one comes later; then the whole transaction starts over, which costs that one commit twice.
pub(super) fn apply_all<'a>(
    prepared: &mut Prepared<'_>,
    batches: impl Iterator<Item = &'a [Operation]>,
    care: Care,
    decided: &mut Vec<Applied>,
) -> rusqlite::Result<Progress> {
    for operations in batches {
        let guarded = care == Care::Savepoints && operations.len() > 1;
        if guarded {
            prepared.of("SAVEPOINT batch")?.execute([])?;
        }
        let applied = apply(prepared, operations)?;
        if let Applied::Refused { operation: 1.., .. } = applied {
            if !guarded {
                return Ok(Progress::Again);
            }
            prepared.of("ROLLBACK TO batch")?.execute([])?;
        }
        if guarded {
            prepared.of("RELEASE batch")?.execute([])?;
        }
        decided.push(applied);
    }
    Ok(Progress::Decided)
}

fn apply(prepared: &mut Prepared<'_>, operations: &[Operation]) -> rusqlite::Result<Applied> {
    for (index, operation) in operations.iter().enumerate() {
        fail_point!("sqlite.between_statements");
        if let Some(why) = write(prepared, operation)? {
            return Ok(Applied::Refused { operation: index, why });
        }
    }
    Ok(Applied::Applied)
}

/// Writes one operation, or says why not.
fn write(prepared: &mut Prepared<'_>, operation: &Operation) -> rusqlite::Result<Option<Why>> {
    let (kind, key) = operation.target();
    let sql = statements::of(kind);
    Ok(match operation {
        Operation::Insert(record) => (bind(prepared.of(&sql.insert)?, record)? == 0).then_some(Why::Exists),
        Operation::Put(record) => {
            bind(prepared.of(&sql.put)?, record)?;
            None
        }
        Operation::Take { version, body, .. } => {
            let taken = prepared.of(&sql.take)?.execute(params![KeyColumn(key), version, body])?;
            if taken == 0 { Some(fate(prepared, kind, key)?.unwrap_or(Why::Changed)) } else { None }
        }
        Operation::Replace(record) => {
            let replaced = bind(prepared.of(&sql.replace)?, record)?;
            if replaced == 0 { Some(fate(prepared, kind, key)?.filter(|why| *why == Why::Absent).unwrap_or(Why::Changed)) } else { None }
        }
        Operation::Delete { .. } => {
            prepared.of(&sql.delete)?.execute([KeyColumn(key)])?;
            None
        }
    })
}

/// Why a record could not be taken: it is not there, or it is spent; otherwise its version differs.
fn fate(prepared: &mut Prepared<'_>, kind: Kind, key: &Key) -> rusqlite::Result<Option<Why>> {
    let state = prepared.of(&statements::of(kind).fate)?.query_row([KeyColumn(key)], |row| row.get::<_, i64>(0)).optional()?;
    Ok(match state {
        None => Some(Why::Absent),
        Some(state) if row::is_spent(state) => Some(Why::Spent),
        Some(_) => None,
    })
}

/// Runs a statement that takes a whole record; says how many rows it wrote.
fn bind(statement: &mut CachedStatement<'_>, record: &Record) -> rusqlite::Result<usize> {
    statement.execute(params![
        KeyColumn(&record.key),
        record.grant.raw(),
        record.client,
        record.subject,
        record.expires_at.millis(),
        record.version,
        row::state_column(record.state),
        record.body,
    ])
}
