//! The MySQL tables of repoze.who.plugins.oauth: `oauth_consumers`, `oauth_request_tokens`, `oauth_access_tokens`.

use keyhook_component::BoxFuture;
use keyhook_core::secret::Secret;
use keyhook_stores::mysql::foreign::{Columns, Tables};

use super::old::{OldConsumer, OldToken, Read, Unreadable};
use super::report::Sort;
use super::source::Source;
use crate::failure::Failure;

/// How many tokens are read at once.
const PAGE: i64 = 1000;

const CONSUMERS: &str = "SELECT `key`, secret, name FROM oauth_consumers ORDER BY `key`";
/// Its moments have no zone: they are counted as they stand.
const TOKENS: &str = "SELECT `key`, secret, consumer_key, userid, TIMESTAMPDIFF(SECOND, '1970-01-01 00:00:00', valid_till) \
                      FROM oauth_access_tokens ORDER BY `key` LIMIT ? OFFSET ?";
const REQUESTS: &str = "SELECT COUNT(*) FROM oauth_request_tokens";

/// Its database.
pub(super) struct Repoze {
    tables: Tables,
    /// How far ahead of UTC its clock was, in seconds.
    ahead: i64,
    /// How many tokens were read.
    read: i64,
}

impl Repoze {
    /// # Errors
    /// What the server says.
    pub(super) async fn open(address: &str, minutes: i64) -> Result<Repoze, Failure> {
        Ok(Repoze { tables: Tables::open(address).await?, ahead: minutes * 60, read: 0 })
    }
}

fn consumer(row: Columns) -> Read<OldConsumer> {
    let columns: [Option<String>; 3] = row.try_into().unwrap_or_default();
    match columns {
        [Some(key), Some(secret), name] if !secret.is_empty() => {
            let name = name.filter(|name| !name.trim().is_empty());
            Ok(OldConsumer { key, secret: Secret::new(secret), name, callback: None })
        }
        [name, ..] => Err(Unreadable { sort: Sort::Client, name, why: "it has no key or no secret" }),
    }
}

fn token(row: Columns, ahead: i64) -> Read<OldToken> {
    let columns: [Option<String>; 5] = row.try_into().unwrap_or_default();
    let [Some(key), Some(secret), Some(consumer), Some(user), valid_till] = columns else {
        return Err(Unreadable { sort: Sort::Access, name: None, why: "they lack a secret, a consumer or a user" });
    };
    let valid_till = valid_till.map(|seconds| seconds.parse::<i64>().map(|seconds| seconds - ahead));
    // What is not understood is not forever.
    let valid_till =
        valid_till.transpose().map_err(|_| Unreadable { sort: Sort::Access, name: None, why: "their valid_till is no time" })?;
    Ok(OldToken { key: Secret::new(key), secret: Secret::new(secret), consumer, user, valid_till })
}

impl Source for Repoze {
    fn shown(&self) -> String {
        self.tables.shown().to_owned()
    }

    fn consumers(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldConsumer>>, Failure>> {
        Box::pin(async { Ok(self.tables.rows(CONSUMERS, &[]).await?.into_iter().map(consumer).collect()) })
    }

    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>> {
        Box::pin(async {
            let rows = self.tables.rows(TOKENS, &[PAGE, self.read]).await?;
            self.read += PAGE;
            let ahead = self.ahead;
            Ok((!rows.is_empty()).then(|| rows.into_iter().map(|row| token(row, ahead)).collect()))
        })
    }

    fn request_tokens(&mut self) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(async {
            let count = self.tables.rows(REQUESTS, &[]).await?.into_iter().flatten().flatten().next();
            Ok(count.and_then(|count| count.parse().ok()).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn columns(texts: &[&str]) -> Columns {
        texts.iter().map(|text| (*text != "NULL").then(|| (*text).to_owned())).collect()
    }

    #[test]
    fn a_row_becomes_a_token_whose_end_is_moved_to_utc() {
        let read = token(columns(&["k", "s", "c", "ann", "1800003600"]), 3600).ok().unwrap();
        assert_eq!((read.consumer.as_str(), read.user.as_str(), read.valid_till), ("c", "ann", Some(1_800_000_000)));
        assert_eq!(token(columns(&["k", "s", "c", "ann", "NULL"]), 3600).ok().unwrap().valid_till, None);
        assert!(token(columns(&["k", "s", "NULL", "ann", "NULL"]), 0).is_err());
        assert!(token(columns(&["k", "s", "c", "ann", "never"]), 0).is_err());
    }

    #[test]
    fn a_consumer_without_a_secret_is_named_and_not_read() {
        assert_eq!(consumer(columns(&["k", "s", "NULL"])).ok().unwrap().key, "k");
        assert_eq!(consumer(columns(&["k", "", "K"])).err().unwrap().name.as_deref(), Some("k"));
    }
}
