//! Reads the tables of another system in MariaDB or MySQL, for importers: one connection that only reads.

use keyhook_component::store::StoreError;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row, ServerError, Value};

use super::address::Address;
use super::failure;
use super::pool::in_time;
use crate::foreign::not_there;

/// The columns of a row, as text; `None` for NULL.
pub type Columns = Vec<Option<String>>;

/// Another system's database.
pub struct Tables {
    connection: Conn,
    shown: String,
}

impl Tables {
    /// Connects to `//user:password@host:port/database?…`, with the parameters of a store's URL.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when address, user, database or certificate are wrong; [`StoreError::Unavailable`] when the server
    /// does not answer. The text never repeats the password.
    pub async fn open(address: &str) -> Result<Tables, StoreError> {
        let address = Address::read(address)?;
        let shown = address.shown.clone();
        let connecting = in_time(Conn::new(address.options(1))).await.ok_or_else(|| failure::silent(&shown))?;
        let mut tables = Tables { connection: connecting.map_err(|error| failure::of(&shown, &error))?, shown };
        let only_reads = in_time(tables.connection.query_drop("SET SESSION TRANSACTION READ ONLY")).await;
        only_reads.ok_or_else(|| failure::silent(&tables.shown))?.map_err(|error| failure::of(&tables.shown, &error))?;
        Ok(tables)
    }

    /// Where it is, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What a query finds; its question marks stand for `numbers`.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when a table or column is not there; [`StoreError::Unavailable`] when the server does not answer.
    pub async fn rows(&mut self, sql: &str, numbers: &[i64]) -> Result<Vec<Columns>, StoreError> {
        let numbers: Vec<Value> = numbers.iter().map(|number| Value::Int(*number)).collect();
        let asking = self.connection.exec::<Row, _, _>(sql, numbers);
        let rows = in_time(asking).await.ok_or_else(|| failure::silent(&self.shown))?.map_err(|error| refused(&self.shown, &error))?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    }

    /// Says goodbye.
    pub async fn close(self) {
        drop(in_time(self.connection.disconnect()).await);
    }
}

fn refused(shown: &str, error: &Error) -> StoreError {
    match error {
        // Their texts name a table or a column.
        Error::Server(ServerError { code: 1054 | 1146, message, .. }) => not_there(shown, message),
        other => failure::of(shown, other).into(),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Date(..) | Value::Time(..) => Some(value.as_sql(true)),
    }
}
