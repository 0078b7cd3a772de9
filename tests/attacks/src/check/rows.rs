//! The rows of the store, counted from outside while the server runs.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Rows by kind.
pub type Rows = BTreeMap<String, u64>;

/// A reader of the server's database.
pub struct Store {
    connection: Connection,
    tables: Vec<String>,
}

impl Store {
    /// Opens the file, for reading.
    ///
    /// # Errors
    /// When there is no such database.
    pub fn open(file: &Path) -> rusqlite::Result<Store> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        let tables = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Store { connection, tables })
    }

    /// Counts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> rusqlite::Result<Rows> {
        let one = |table: &String| {
            let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
            let count: i64 = self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
            Ok((table.clone(), u64::try_from(count).unwrap_or_default()))
        };
        self.tables.iter().map(one).collect()
    }
}

/// The kinds that grew by more than they may.
pub fn excess(before: &Rows, after: &Rows, allowed: &Rows) -> Vec<String> {
    let grown = |(kind, now): (&String, &u64)| {
        let (was, more) = (before.get(kind).copied().unwrap_or_default(), allowed.get(kind).copied().unwrap_or_default());
        (*now > was + more).then(|| format!("{kind} has {} rows more, {more} are allowed", now - was))
    };
    after.iter().filter_map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_nobody_may_gain_are_found() {
        let rows = |code: u64, attempts: u64| Rows::from([("code".to_owned(), code), ("attempts".to_owned(), attempts)]);
        assert!(excess(&rows(1, 1), &rows(1, 3), &Rows::from([("attempts".to_owned(), 2)])).is_empty());
        assert_eq!(excess(&rows(1, 1), &rows(2, 1), &Rows::new()), ["code has 1 rows more, 0 are allowed"]);
    }
}
