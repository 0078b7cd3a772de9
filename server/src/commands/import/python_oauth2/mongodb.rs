//! Its MongoDB collections: documents with the names of its data types.

use keyhook_component::BoxFuture;
use keyhook_stores::mongodb::foreign::{Collections, Documents};

use super::Import;
use super::old::{OldClient, OldToken, Read};
use super::source::Source;
use crate::failure::Failure;

/// Its database.
pub(super) struct Mongo {
    collections: Collections,
    tokens: String,
    codes: String,
    clients: String,
    /// Where the walk over the tokens is.
    walk: Option<Documents>,
}

impl Mongo {
    /// # Errors
    /// What the server says; `KH0480` when it has none of the collections.
    pub(super) async fn open(address: &str, import: &Import) -> Result<Mongo, Failure> {
        let collections = Collections::open(address).await?;
        let (tokens, codes, clients) =
            (import.tokens_collection.clone(), import.codes_collection.clone(), import.clients_collection.clone());
        // They may lie in different places: who imports one finds the others elsewhere.
        collections.demand_one_of(&[&tokens, &clients]).await?;
        Ok(Mongo { collections, tokens, codes, clients, walk: None })
    }
}

impl Source for Mongo {
    fn shown(&self) -> String {
        format!("mongodb://{}", self.collections.shown())
    }

    fn clients(&mut self) -> BoxFuture<'_, Result<Vec<Read<OldClient>>, Failure>> {
        Box::pin(async {
            let (mut documents, mut clients) = (self.collections.documents(&self.clients).await?, Vec::new());
            loop {
                let page = documents.page().await?;
                if page.is_empty() {
                    return Ok(clients);
                }
                clients.extend(page.iter().map(OldClient::of));
            }
        })
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            self.walk = Some(self.collections.documents(&self.tokens).await?);
            Ok(())
        })
    }

    fn tokens(&mut self) -> BoxFuture<'_, Result<Option<Vec<Read<OldToken>>>, Failure>> {
        Box::pin(async {
            let Some(walk) = &mut self.walk else { return Ok(None) };
            let page = walk.page().await?;
            Ok((!page.is_empty()).then(|| page.iter().map(OldToken::of).collect()))
        })
    }

    fn codes(&mut self) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(async { Ok(self.collections.count(&self.codes).await?) })
    }
}
