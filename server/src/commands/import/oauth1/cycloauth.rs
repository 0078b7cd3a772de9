//! The MongoDB collections of cycloauth. Its access tokens, which it wrote among the request tokens, name neither consumer nor user.

use keyhook_component::BoxFuture;
use keyhook_core::secret::Secret;
use keyhook_stores::mongodb::foreign::{Collections, Documents};
use serde_json::{Map, Value};

use super::FromCycloauth;
use super::old::{OldConsumer, OldToken, Read, Unreadable};
use super::report::Sort;
use super::source::Source;
use crate::failure::Failure;

/// Why no access token of it is taken.
const NOBODYS: &str =
    "they name neither their consumer nor their user, so that any consumer could use any of them; their users agree again";

/// Its database.
pub(super) struct Cycloauth {
    collections: Collections,
    consumers: String,
    /// The collections that tokens may lie in, and have not been looked at.
    tokens: Vec<String>,
    walk: Option<Documents>,
    /// How many request tokens were seen.
    requests: u64,
}

impl Cycloauth {
    /// # Errors
    /// What the server says; `KH0480` when it has none of the collections.
    pub(super) async fn open(address: &str, import: &FromCycloauth) -> Result<Cycloauth, Failure> {
        let collections = Collections::open(address).await?;
        collections.demand_one_of(&[&import.consumers_collection]).await?;
        let tokens = vec![import.tokens_collection.clone(), import.requests_collection.clone()];
        Ok(Cycloauth { collections, consumers: import.consumers_collection.clone(), tokens, walk: None, requests: 0 })
    }

    /// The access tokens of a page; `None` when there is no other.
    async fn page(&mut self) -> Result<Option<Vec<Read<OldToken>>>, Failure> {
        loop {
            if self.walk.is_none() {
                let Some(collection) = self.tokens.pop() else { return Ok(None) };
                self.walk = Some(self.collections.documents(&collection).await?);
            }
            let Some(walk) = &mut self.walk else { return Ok(None) };
            let page = walk.page().await?;
            if page.is_empty() {
                self.walk = None;
                continue;
            }
            let requests = page.iter().filter(|document| is_request(document)).count();
            self.requests += requests as u64;
            let nobodys = |_| Err(Unreadable { sort: Sort::Access, name: None, why: NOBODYS });
            return Ok(Some((requests..page.len()).map(nobodys).collect()));
        }
    }
}

/// A request token has a callback, or was authorized; both lie in one collection.
fn is_request(document: &Map<String, Value>) -> bool {
    ["callback", "verifier"].iter().any(|member| text(document, member).is_some())
}

fn text(document: &Map<String, Value>, member: &str) -> Option<String> {
    document.get(member).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn consumer(document: &Map<String, Value>) -> Read<OldConsumer> {
    let unreadable = |name: Option<String>| Unreadable { sort: Sort::Client, name, why: "it has no key or no secret" };
    let key = text(document, "key").ok_or_else(|| unreadable(None))?;
    let secret = text(document, "secret").ok_or_else(|| unreadable(Some(key.clone())))?;
    Ok(OldConsumer { key, secret: Secret::new(secret), name: None, callback: text(document, "callback") })
}

impl Source for Cycloauth {
    fn shown(&self) -> String {
        format!("mongodb://{}", self.collections.shown())
    }

    fn consumers(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldConsumer>>, Failure>> {
        Box::pin(async {
            let (mut documents, mut consumers) = (self.collections.documents(&self.consumers).await?, Vec::new());
            loop {
                let page = documents.page().await?;
                if page.is_empty() {
                    return Ok(consumers);
                }
                consumers.extend(page.iter().map(consumer));
            }
        })
    }

    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>> {
        Box::pin(self.page())
    }

    fn request_tokens(&mut self) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(std::future::ready(Ok(self.requests)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use serde_json::json;

    use super::*;

    fn document(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_consumer_has_a_key_and_a_secret_and_maybe_a_callback() {
        let read = consumer(&document(&json!({ "key": "k", "secret": "s", "callback": "https://c.example/" }))).ok().unwrap();
        assert_eq!((read.key.as_str(), read.secret.expose().as_str(), read.callback.as_deref()), ("k", "s", Some("https://c.example/")));
        assert_eq!(consumer(&document(&json!({ "key": "k", "secret": null }))).err().unwrap().name.as_deref(), Some("k"));
    }

    #[test]
    fn what_has_a_callback_or_a_verifier_is_a_request_token_in_whichever_collection() {
        assert!(is_request(&document(&json!({ "key": "k", "callback": "oob", "verifier": null }))));
        assert!(is_request(&document(&json!({ "key": "k", "callback": null, "verifier": "v" }))));
        assert!(!is_request(&document(&json!({ "key": "k", "callback": null, "verifier": null }))));
    }
}
