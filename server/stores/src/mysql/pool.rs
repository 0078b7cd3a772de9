//! Connections: a pool for reading and one for writing, so that neither waits for the other.

use std::time::Duration;

use mysql_async::{Conn, Error, Pool};
use tokio::runtime::Handle;

use super::address::Address;
use super::failure;
use crate::failure::Failure;

/// How long an answer may take, the wait for a connection included.
const ANSWER: Duration = Duration::from_secs(12);

/// Connections to one address. What is asked runs on the runtime that opened the store, where the connections live: that of a caller
/// may end earlier.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) pool: Pool,
    home: Handle,
    shown: String,
}

impl Connections {
    /// At most so many; none is made yet.
    pub(super) fn new(address: &Address, most: usize) -> Connections {
        Connections { pool: Pool::new(address.options(most)), home: Handle::current(), shown: address.shown.clone() }
    }

    /// What a question to the server answers, within its time.
    pub(super) async fn ask<T, F>(&self, question: impl FnOnce(Conn) -> F + Send + 'static) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send,
    {
        let pool = self.pool.clone();
        let asked = async move { question(pool.get_conn().await?).await };
        match self.home.spawn(in_time(asked)).await {
            Ok(Some(answer)) => answer.map_err(|error| failure::of(&self.shown, &error)),
            Ok(None) => Err(failure::silent(&self.shown)),
            // The runtime is ending.
            Err(_) => Err(Failure::ended()),
        }
    }

    /// Ends all of them.
    pub(super) async fn close(&self) {
        drop(in_time(self.pool.clone().disconnect()).await);
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

/// Waits for an answer within its time.
pub(super) async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(ANSWER, answer).await.ok()
}
