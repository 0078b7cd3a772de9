//! One transaction: what it asks is sent at once, so that a group of new tokens costs one round trip and one commit.

use std::pin::Pin;
use std::task::{Context, Poll};

use deadpool_postgres::Client;
use keyhook_component::record::{Key, Kind};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use super::pool::{Connections, abandon, in_time};
use super::{failure, row, statements};
use crate::batching::decide::{Changes, Known};
use crate::batching::{Database, Transaction, Trouble};

impl Database for Connections {
    type Transaction = Open;

    async fn begin(&self) -> Result<Open, Trouble> {
        let client = self.get().await.map_err(Trouble::Final)?;
        Ok(Open { client: Some(client), shown: self.shown().to_owned(), begun: false })
    }
}

/// A transaction that has a connection to itself. It begins with the first thing that is asked.
pub(super) struct Open {
    /// None when it has ended.
    client: Option<Client>,
    shown: String,
    begun: bool,
}

impl Drop for Open {
    /// Not committed: its connection ends, and the server rolls back.
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.begun
        {
            abandon(client);
        }
    }
}

/// A statement and the arrays that it takes.
struct Question<'a> {
    statement: Statement,
    columns: Vec<row::Column<'a>>,
}

type Sent<'s> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 's>>;

impl Transaction for Open {
    async fn lock<'a>(&mut self, kind: Kind, keys: &[&'a Key]) -> Result<Vec<(&'a Key, Known)>, Trouble> {
        let Some(client) = &self.client else { return Err(Trouble::Final(failure::silent(&self.shown))) };
        let found = in_time(lock(client, std::mem::replace(&mut self.begun, true), kind, keys)).await;
        let found = found.ok_or_else(|| Trouble::Final(failure::silent(&self.shown)))?;
        let found = found.map_err(|error| match failure::trouble(&self.shown, &error) {
            // Nothing has been written yet: a server that was restarted is asked again.
            Trouble::Final(failure) if client.is_closed() => Trouble::Again(failure),
            trouble => trouble,
        })?;
        // Both are in key order.
        let mut wanted = keys.iter().copied();
        Ok(found.into_iter().filter_map(|(key, known)| Some((wanted.find(|wanted| **wanted == key)?, known))).collect())
    }

    async fn commit(mut self, changes: &Changes<'_>) -> Result<(), Trouble> {
        let Some(client) = self.client.take() else { return Err(Trouble::Final(failure::silent(&self.shown))) };
        let begun = self.begun;
        if !begun && changes.is_empty() {
            return Ok(());
        }
        let asked = in_time(async {
            let questions = questions(&client, changes).await?;
            send(&client, begun, &questions).await
        });
        match asked.await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                abandon(client);
                Err(failure::trouble(&self.shown, &error))
            }
            None => {
                abandon(client);
                Err(Trouble::Final(failure::silent(&self.shown)))
            }
        }
    }
}

async fn lock(client: &Client, begun: bool, kind: Kind, keys: &[&Key]) -> Result<Vec<(Key, Known)>, Error> {
    let statement = client.prepare_cached(&statements::of(kind).lock).await?;
    let keys = row::keys(kind, keys.iter().copied());
    let columns: [&(dyn ToSql + Sync); 1] = [&*keys];
    let rows = if begun {
        client.query(&statement, &columns).await?
    } else {
        let (begun, rows) = tokio::join!(biased; client.batch_execute("BEGIN"), client.query(&statement, &columns));
        begun?;
        rows?
    };
    rows.iter().map(|found| row::known(kind, found)).collect()
}

/// What has to be asked to write these changes, prepared.
async fn questions<'a>(client: &Client, changes: &Changes<'a>) -> Result<Vec<Question<'a>>, Error> {
    let mut questions = Vec::new();
    for (kind, change) in changes {
        let sql = statements::of(*kind);
        let mut add = async |sql: &str, columns: Vec<row::Column<'a>>| {
            questions.push(Question { statement: client.prepare_cached(sql).await?, columns });
            Ok::<_, Error>(())
        };
        if !change.taken.is_empty() {
            add(&sql.take, row::taken(*kind, &change.taken)).await?;
        }
        if !change.inserted.is_empty() {
            add(&sql.insert, row::whole(*kind, &change.inserted)).await?;
        }
        if !change.overwritten.is_empty() {
            add(&sql.overwrite, row::whole(*kind, &change.overwritten)).await?;
        }
        if !change.deleted.is_empty() {
            add(&sql.delete, vec![row::keys(*kind, change.deleted.iter().copied())]).await?;
        }
    }
    Ok(questions)
}

/// Sends all of it and the commit without waiting in between. If one fails the server makes a rollback of the commit.
async fn send(client: &Client, begun: bool, questions: &[Question<'_>]) -> Result<(), Error> {
    let mut sent: Vec<Sent<'_>> = Vec::with_capacity(questions.len() + 2);
    if !begun {
        sent.push(Box::pin(client.batch_execute("BEGIN")));
    }
    for question in questions {
        sent.push(Box::pin(async move {
            let columns: Vec<&(dyn ToSql + Sync)> = question.columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
            client.execute(&question.statement, &columns).await.map(drop)
        }));
    }
    sent.push(Box::pin(client.batch_execute("COMMIT")));
    InOrder { sent, failed: None }.await
}

/// Polls in order, which is the order of sending, until all are answered; the first error is what went wrong.
struct InOrder<'s> {
    sent: Vec<Sent<'s>>,
    failed: Option<Error>,
}

impl Future for InOrder<'_> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let InOrder { sent, failed } = &mut *self;
        sent.retain_mut(|answer| match answer.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(error)) => {
                failed.get_or_insert(error);
                false
            }
        });
        if !sent.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(failed.take().map_or(Ok(()), Err))
    }
}
