//! Its Redis keys: `prefix_` and a token, a refresh token, a code or a client's identifier; each holds the whole as JSON.
//!
//! A token stands under its own text, under its refresh token's, and under client, grant type and user. It is read where it stands under
//! its own. Where that is gone and the refresh token's is not, the refresh token was exchanged: its store forgot to delete it.

use keyhook_component::BoxFuture;
use keyhook_stores::redis::foreign::Entries;
use serde_json::{Map, Value};

use super::Import;
use super::old::{OldClient, OldToken, Read, Unreadable};
use super::report::Sort;
use super::source::Source;
use crate::failure::Failure;

/// Its keys.
pub(super) struct Redis {
    tokens: Entries,
    clients: Entries,
    prefix: String,
    codes: u64,
}

/// What stands under a key.
enum Entry {
    Token(Box<OldToken>),
    /// A refresh token without its access token under its own text.
    Refresh {
        access: String,
    },
    Client(Box<OldClient>),
    Code,
    /// What is read elsewhere, or is somebody else's.
    Other,
}

impl Redis {
    /// # Errors
    /// What the server says.
    pub(super) async fn open(scheme: &str, address: &str, import: &Import) -> Result<Redis, Failure> {
        let prefix = format!("{}_", import.prefix);
        let client_prefix = import.client_prefix.as_ref().map_or_else(|| prefix.clone(), |prefix| format!("{prefix}_"));
        Ok(Redis {
            tokens: Entries::open(scheme, address, &prefix).await?,
            clients: Entries::open(scheme, address, &client_prefix).await?,
            prefix,
            codes: 0,
        })
    }

    async fn read_clients(&mut self) -> Result<Vec<Read<OldClient>>, Failure> {
        let mut clients = Vec::new();
        self.clients.begin().await?;
        while let Some(page) = self.clients.page().await? {
            for (_, text) in page {
                if let Entry::Client(client) = entry("", &text) {
                    clients.push(Ok(*client));
                }
            }
        }
        Ok(clients)
    }

    async fn page(&mut self) -> Result<Option<Vec<Read<OldToken>>>, Failure> {
        let Some(page) = self.tokens.page().await? else { return Ok(None) };
        let mut tokens = Vec::new();
        for (key, text) in page {
            match entry(key.strip_prefix(&self.prefix).unwrap_or_default(), &text) {
                Entry::Token(token) => tokens.push(Ok(*token)),
                Entry::Refresh { access } if self.tokens.value(&format!("{}{access}", self.prefix)).await?.is_none() => {
                    tokens.push(Err(Unreadable { sort: Sort::Refresh, name: None, why: "it was exchanged for another" }));
                }
                Entry::Code => self.codes += 1,
                Entry::Refresh { .. } | Entry::Client(_) | Entry::Other => {}
            }
        }
        Ok(Some(tokens))
    }
}

/// What a text is, by its members and the name of its key without the prefix.
fn entry(name: &str, text: &str) -> Entry {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(text) else { return Entry::Other };
    let is = |member: &str| members.get(member).and_then(Value::as_str) == Some(name);
    if members.contains_key("identifier") {
        return OldClient::of(&members).map_or(Entry::Other, |client| Entry::Client(Box::new(client)));
    }
    if members.contains_key("code") {
        return Entry::Code;
    }
    match OldToken::of(&members) {
        Ok(token) if is("token") => Entry::Token(Box::new(token)),
        Ok(token) if is("refresh_token") => Entry::Refresh { access: token.token.expose().clone() },
        _ => Entry::Other,
    }
}

impl Source for Redis {
    fn shown(&self) -> String {
        format!("redis://{}", self.tokens.shown())
    }

    fn clients(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldClient>>, Failure>> {
        Box::pin(self.read_clients())
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            self.codes = 0;
            Ok(self.tokens.begin().await?)
        })
    }

    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>> {
        Box::pin(self.page())
    }

    fn codes(&mut self) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(std::future::ready(Ok(self.codes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_once_of_the_three_places_where_it_stands() {
        let text = r#"{"client_id":"abc","grant_type":"password","token":"TOK","data":{},"expires_at":1,"refresh_token":"REF",
            "refresh_expires_at":2,"scopes":[],"user_id":7}"#;
        assert!(matches!(entry("TOK", text), Entry::Token(_)));
        assert!(matches!(entry("REF", text), Entry::Refresh { access } if access == "TOK"));
        assert!(matches!(entry("abc_password_7", text), Entry::Other));
    }

    #[test]
    fn clients_codes_and_what_is_somebody_elses_are_told_apart() {
        let client =
            r#"{"identifier":"abc","secret":"xyz","redirect_uris":["u"],"authorized_grants":null,"authorized_response_types":null}"#;
        assert!(matches!(entry("abc", client), Entry::Client(_)));
        assert!(matches!(entry("C", r#"{"code":"C","client_id":"abc"}"#), Entry::Code));
        assert!(matches!(entry("x", "not json"), Entry::Other) && matches!(entry("x", "{}"), Entry::Other));
    }
}
