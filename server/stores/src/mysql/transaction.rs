//! One transaction: locks by key, then one statement per table, verb and power of two, then the commit.

use keyhook_component::record::{Key, Kind};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Error, Params, Row as Found, TxOpts, Value};

use super::pool::{Connections, in_time};
use super::{failure, row, statements};
use crate::batching::decide::{Change, Changes, Known};
use crate::batching::{Database, Transaction, Trouble};

/// What has not gone through yet: the driver rolls it back when it is dropped.
pub(super) struct Open {
    transaction: mysql_async::Transaction<'static>,
    shown: String,
}

impl Database for Connections {
    type Transaction = Open;

    async fn begin(&self) -> Result<Open, Trouble> {
        let shown = self.shown().to_owned();
        match in_time(self.pool.start_transaction(TxOpts::default())).await {
            Some(Ok(transaction)) => Ok(Open { transaction, shown }),
            Some(Err(error)) => Err(Trouble::Final(failure::of(&shown, &error))),
            None => Err(Trouble::Final(failure::silent(&shown))),
        }
    }
}

impl Transaction for Open {
    async fn lock<'a>(&mut self, kind: Kind, keys: &[&'a Key]) -> Result<Vec<(&'a Key, Known)>, Trouble> {
        let mut locked = Vec::with_capacity(keys.len());
        for keys in keys.chunks(statements::MOST) {
            let asked = padded(keys.iter().map(|key| [row::key(key)]));
            let sql = statements::lock(kind, asked.len());
            let found = in_time(self.transaction.exec::<Found, _, _>(sql, Params::Positional(asked))).await;
            let found = found.ok_or_else(|| Trouble::Final(failure::silent(&self.shown)))?;
            let found = found.and_then(|rows| rows.into_iter().map(|found| row::known(kind, found)).collect::<Result<Vec<_>, _>>());
            let found = found.map_err(|error| failure::trouble(&self.shown, &error))?;
            // Both are in key order.
            let mut wanted = keys.iter().copied();
            locked.extend(found.into_iter().filter_map(|(key, known)| Some((wanted.find(|wanted| **wanted == key)?, known))));
        }
        Ok(locked)
    }

    async fn commit(mut self, changes: &Changes<'_>) -> Result<(), Trouble> {
        for (kind, change) in changes {
            match in_time(write(&mut self.transaction, *kind, change)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(failure::trouble(&self.shown, &error)),
                None => return Err(Trouble::Final(failure::silent(&self.shown))),
            }
        }
        match in_time(self.transaction.commit()).await {
            Some(Ok(())) => Ok(()),
            // Whether it is committed nobody knows: asking again could take what is ours for another's.
            Some(Err(error)) => Err(Trouble::Final(failure::of(&self.shown, &error))),
            None => Err(Trouble::Final(failure::silent(&self.shown))),
        }
    }
}

async fn write(transaction: &mut mysql_async::Transaction<'static>, kind: Kind, change: &Change<'_>) -> Result<(), Error> {
    for rows in change.taken.chunks(statements::MOST) {
        let values = padded(rows.iter().map(row::taken));
        transaction.exec_drop(statements::take(kind, values.len() / 3), Params::Positional(values)).await?;
    }
    let mut rows = change.inserted.as_slice();
    while !rows.is_empty() {
        // What is inserted cannot be named twice, so the rest waits for the next statement.
        let (now, rest) = rows.split_at(floor(rows.len()));
        let values = now.iter().flat_map(row::whole).collect();
        transaction.exec_drop(statements::insert(kind, now.len()), Params::Positional(values)).await?;
        rows = rest;
    }
    for rows in change.overwritten.chunks(statements::MOST) {
        let values = padded(rows.iter().map(row::whole));
        transaction.exec_drop(statements::overwrite(kind, values.len() / 8), Params::Positional(values)).await?;
    }
    for keys in change.deleted.chunks(statements::MOST) {
        let values = padded(keys.iter().map(|key| [row::key(key)]));
        transaction.exec_drop(statements::delete(kind, values.len()), Params::Positional(values)).await?;
    }
    Ok(())
}

/// The largest power of two that is not larger, up to the most rows of a statement.
fn floor(count: usize) -> usize {
    1 << count.min(statements::MOST).ilog2()
}

/// The rows' columns, the last row again until a power of two is full: what names a row twice writes the same twice.
fn padded<const N: usize>(rows: impl ExactSizeIterator<Item = [Value; N]>) -> Vec<Value> {
    let full = rows.len().next_power_of_two() * N;
    let mut values: Vec<Value> = rows.flatten().collect();
    let last = values[values.len().saturating_sub(N)..].to_vec();
    while !last.is_empty() && values.len() < full {
        values.extend_from_slice(&last);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_powers_of_two() {
        assert_eq!([1, 2, 3, 255, 256, 1000].map(floor), [1, 2, 2, 128, 256, 256]);
        let of = |count: i64| padded((0..count).map(|number| [Value::Int(number), Value::NULL]).collect::<Vec<_>>().into_iter());
        assert_eq!(of(1), [Value::Int(0), Value::NULL]);
        assert_eq!(of(3)[4..], [Value::Int(2), Value::NULL, Value::Int(2), Value::NULL]);
        assert!(of(0).is_empty());
    }
}
