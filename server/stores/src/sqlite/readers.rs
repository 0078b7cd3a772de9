//! Reading connections: a few for look-ups on the calling thread, one for listings, so that no listing delays a look-up.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::store::{Index, Lookup, Page, StoreError};
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::failure::Failure;
use super::row::{self, KeyColumn};
use super::{open, statements};

/// Look-ups last microseconds, so a few connections serve many threads.
const MOST: usize = 8;

pub(super) struct Readers {
    path: PathBuf,
    points: Vec<Mutex<Connection>>,
    display: Mutex<Connection>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Readers, StoreError> {
        let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST);
        let points = (0..count).map(|_| open::reader(path).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Readers { path: path.to_owned(), points, display: Mutex::new(open::reader(path)?) })
    }

    /// The record under a key.
    pub(super) fn get(&self, kind: Kind, key: &Key) -> Result<Lookup<Record>, StoreError> {
        let found = self
            .free()
            .prepare_cached(&statements::of(kind).select)
            .and_then(|mut statement| statement.query_row([KeyColumn(key)], |row| row::record(kind, row)).optional());
        found.map(row::lookup).map_err(|error| Failure::of(&self.path, &error).into())
    }

    /// Records for display. Blocks; not for a thread that serves requests.
    pub(super) fn list(&self, kind: Kind, index: &Index, page: &Page) -> Result<Vec<Record>, StoreError> {
        let connection = self.display.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = statements::list(kind, index, page.after.is_none());
        let after = page.after.as_ref().map(KeyColumn);
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let mut parameters: Vec<(&str, &dyn ToSql)> = vec![("?2", &limit)];
        if let Some(after) = &after {
            parameters.push(("?1", after));
        }
        if let Index::Client(name) | Index::Subject(name) = index {
            parameters.push(("?3", name));
        }
        let listed = connection
            .prepare(&sql)
            .and_then(|mut statement| statement.query_map(parameters.as_slice(), |row| row::record(kind, row))?.collect());
        listed.map_err(|error| Failure::of(&self.path, &error).into())
    }

    /// A connection that nobody uses; the first of them, whose page cache is warm. If all are busy, the wait is one look-up long.
    fn free(&self) -> MutexGuard<'_, Connection> {
        for point in &self.points {
            match point.try_lock() {
                Ok(free) => return free,
                Err(TryLockError::Poisoned(free)) => return free.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.points[0].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
