//! One small slice of what no rule needs any more.

use keyhook_component::record::Kind;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::statements;

/// How many records one purge deletes at most: what a request may have to wait for, about a millisecond.
const SLICE: i64 = 1000;

/// Deletes issued records below their floors and named ones that ended; says how many.
pub(super) fn slice(connection: &Connection, now: Timestamp, horizons: &[(Kind, RecordId)]) -> rusqlite::Result<i64> {
    let floors = horizons.iter().filter(|(kind, _)| kind.is_issued()).map(|(kind, floor)| (*kind, floor.raw()));
    let ends = Kind::ALL.into_iter().filter(|kind| !kind.is_issued()).map(|kind| (kind, now.millis()));
    let mut deleted = 0;
    for (kind, bound) in floors.chain(ends) {
        if deleted < SLICE {
            let rows = connection.prepare_cached(&statements::of(kind).purge)?.execute(params![bound, SLICE - deleted])?;
            deleted += i64::try_from(rows).unwrap_or(SLICE);
        }
    }
    Ok(deleted)
}
