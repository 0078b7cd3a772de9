//! Its MySQL tables: `clients` and `access_tokens`, with a table for each list.

use std::collections::HashMap;

use keyhook_component::BoxFuture;
use keyhook_core::secret::Secret;
use keyhook_stores::mysql::foreign::{Columns, Tables};
use serde_json::{Map, Value};

use super::old::{OldClient, OldToken, Read, Unreadable};
use super::report::Sort;
use super::source::Source;
use crate::failure::Failure;

/// How many tokens are read at once.
const PAGE: i64 = 500;

/// Its database.
pub(super) struct Mysql {
    tables: Tables,
    /// The number of the last token that was read.
    after: i64,
}

impl Mysql {
    /// # Errors
    /// What the server says.
    pub(super) async fn open(address: &str) -> Result<Mysql, Failure> {
        Ok(Mysql { tables: Tables::open(address).await?, after: i64::MIN })
    }

    async fn read_clients(&mut self) -> Result<Vec<Read<OldClient>>, Failure> {
        let rows = self.tables.rows("SELECT id, identifier, secret FROM clients ORDER BY id", &[]).await?;
        let mut grants = lists(self.tables.rows("SELECT client_id, name FROM client_grants ORDER BY id", &[]).await?);
        let mut uris = lists(self.tables.rows("SELECT client_id, redirect_uri FROM client_redirect_uris ORDER BY id", &[]).await?);
        let mut responses = lists(self.tables.rows("SELECT client_id, response_type FROM client_response_types ORDER BY id", &[]).await?);
        let client = |row: Columns| {
            let columns: [Option<String>; 3] = row.try_into().unwrap_or_default();
            let [Some(id), Some(identifier), secret] = columns else {
                return Err(Unreadable { sort: Sort::Client, name: None, why: "it has no identifier" });
            };
            let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
                return Err(Unreadable { sort: Sort::Client, name: Some(identifier), why: "it has no secret" });
            };
            Ok(OldClient {
                identifier,
                secret: Secret::new(secret),
                redirect_uris: uris.remove(&id).unwrap_or_default(),
                authorized_grants: grants.remove(&id).unwrap_or_default(),
                authorized_response_types: responses.remove(&id).unwrap_or_default(),
            })
        };
        Ok(rows.into_iter().map(client).collect())
    }

    async fn page(&mut self) -> Result<Option<Vec<Read<OldToken>>>, Failure> {
        let rows = self.tables.rows(TOKENS, &[self.after, PAGE]).await?;
        let number = |row: &Columns| row.first().cloned().flatten().and_then(|id| id.parse::<i64>().ok());
        let (Some(first), Some(last)) = (rows.first().and_then(number), rows.last().and_then(number)) else { return Ok(None) };
        self.after = last;
        let mut scopes = lists(self.tables.rows(SCOPES, &[first, last]).await?);
        let mut data: HashMap<String, Map<String, Value>> = HashMap::new();
        for row in self.tables.rows(DATA, &[first, last]).await? {
            if let Ok([Some(id), Some(key), value]) = <[Option<String>; 3]>::try_from(row) {
                data.entry(id).or_default().insert(key, value.into());
            }
        }
        let token = |row: Columns| {
            let id = row.first().cloned().flatten().unwrap_or_default();
            token(row, scopes.remove(&id).unwrap_or_default(), data.remove(&id).unwrap_or_default())
        };
        Ok(Some(rows.into_iter().map(token).collect()))
    }
}

/// Its columns are moments without a time zone; the server knows which it means.
const TOKENS: &str = "SELECT id, client_id, grant_type, token, UNIX_TIMESTAMP(expires_at), refresh_token, \
                      UNIX_TIMESTAMP(refresh_expires_at), user_id FROM access_tokens WHERE id > ? ORDER BY id LIMIT ?";
const SCOPES: &str = "SELECT access_token_id, name FROM access_token_scopes WHERE access_token_id BETWEEN ? AND ? ORDER BY id";
const DATA: &str = "SELECT access_token_id, `key`, `value` FROM access_token_data WHERE access_token_id BETWEEN ? AND ? ORDER BY id";

/// Rows of an id and a text, by the id.
fn lists(rows: Vec<Columns>) -> HashMap<String, Vec<String>> {
    let mut lists: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows {
        if let Ok([Some(id), Some(text)]) = <[Option<String>; 2]>::try_from(row) {
            lists.entry(id).or_default().push(text);
        }
    }
    lists
}

fn token(row: Columns, scopes: Vec<String>, data: Map<String, Value>) -> Read<OldToken> {
    let columns: [Option<String>; 8] = row.try_into().unwrap_or_default();
    let [_, Some(client_id), grant_type, Some(token), expires_at, refresh_token, refresh_expires_at, user_id] = columns else {
        return Err(Unreadable { sort: Sort::Access, name: None, why: "it does not say its text or its client" });
    };
    // A fraction of a second does not matter.
    let seconds = |text: Option<String>| text.and_then(|text| text.split('.').next()?.parse().ok()).filter(|seconds| *seconds != 0);
    Ok(OldToken {
        client_id,
        grant_type: grant_type.unwrap_or_default(),
        token: Secret::new(token),
        data,
        expires_at: seconds(expires_at),
        refresh_token: refresh_token.filter(|text| !text.is_empty()).map(Secret::new),
        refresh_expires_at: seconds(refresh_expires_at),
        scopes,
        user_id,
    })
}

impl Source for Mysql {
    fn shown(&self) -> String {
        self.tables.shown().to_owned()
    }

    fn clients(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldClient>>, Failure>> {
        Box::pin(self.read_clients())
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        self.after = i64::MIN;
        Box::pin(std::future::ready(Ok(())))
    }

    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>> {
        Box::pin(self.page())
    }

    fn codes(&mut self) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(async {
            let rows = self.tables.rows("SELECT COUNT(*) FROM auth_codes", &[]).await?;
            let count = rows.into_iter().flatten().flatten().next();
            Ok(count.and_then(|count| count.parse().ok()).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn columns(texts: [&str; 8]) -> Columns {
        texts.iter().map(|text| (*text != "NULL").then(|| (*text).to_owned())).collect()
    }

    #[test]
    fn a_row_becomes_a_token_and_null_is_never() {
        let row = columns(["1", "abc", "password", "TOK", "1800000000.0000", "REF", "NULL", "7"]);
        let read = token(row, vec!["r".into()], Map::new()).ok().unwrap();
        assert_eq!((read.expires_at, read.refresh_expires_at, read.user_id.as_deref()), (Some(1_800_000_000), None, Some("7")));
        assert_eq!((read.token.expose().as_str(), read.refresh_token.unwrap().expose().as_str()), ("TOK", "REF"));
        assert!(token(columns(["1", "NULL", "password", "TOK", "NULL", "NULL", "NULL", "NULL"]), Vec::new(), Map::new()).is_err());
    }
}
