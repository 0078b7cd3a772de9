//! Reads another system's collections in MongoDB, for importers.

use keyhook_component::store::StoreError;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::ClientOptions;
use mongodb::{Client, Cursor, Database};
use serde_json::{Map, Value};

use super::failure;
use crate::address::wrong;
use crate::flight::DEADLINE;
use crate::foreign::not_there;

/// How many documents a page has at most.
const PAGE: usize = 500;

/// Another system's database.
pub struct Collections {
    database: Database,
    shown: String,
}

/// A walk over the documents of a collection.
pub struct Documents {
    cursor: Cursor<Document>,
    shown: String,
}

impl Collections {
    /// Connects to `//user:password@host:port/database?…`.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the address is wrong or names no database; [`StoreError::Unavailable`] when the server does not
    /// answer or does not let us in. The text never repeats the password.
    pub async fn open(address: &str) -> Result<Collections, StoreError> {
        let options = ClientOptions::parse(format!("mongodb:{address}")).await;
        // What the driver says of a URL that it cannot read may repeat it.
        let mut options = options.map_err(|_| wrong("it is not one of MongoDB, as in `mongodb://user:password@host:27017/database`"))?;
        options.server_selection_timeout = Some(DEADLINE);
        let shown = options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let name = options.default_database.clone().ok_or_else(|| wrong("it names no database; add it to the URL, or with --database"))?;
        let client = Client::with_options(options).map_err(|error| failure::of(&shown, &error))?;
        Ok(Collections { database: client.database(&name), shown })
    }

    /// Where it is, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// How many documents a collection has; none if there is no such collection.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn count(&self, collection: &str) -> Result<u64, StoreError> {
        let collection = self.database.collection::<Document>(collection);
        in_time(&self.shown, collection.count_documents(doc! {}).into_future()).await
    }

    /// Refuses a database that has none of the collections.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] then; [`StoreError::Unavailable`] when the server does not answer.
    pub async fn demand_one_of(&self, collections: &[&str]) -> Result<(), StoreError> {
        let found = in_time(&self.shown, self.database.list_collection_names().into_future()).await?;
        if collections.iter().any(|name| found.iter().any(|known| known == name)) {
            return Ok(());
        }
        Err(not_there(&self.shown, &format!("its database `{}` has no collection {}", self.database.name(), collections.join(", "))))
    }

    /// Begins to walk over a collection.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn documents(&self, collection: &str) -> Result<Documents, StoreError> {
        let collection = self.database.collection::<Document>(collection);
        let cursor = in_time(&self.shown, collection.find(doc! {}).into_future()).await?;
        Ok(Documents { cursor, shown: self.shown.clone() })
    }
}

impl Documents {
    /// The next documents as JSON, none at the end. What JSON does not know is written as extended JSON.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn page(&mut self) -> Result<Vec<Map<String, Value>>, StoreError> {
        let mut page = Vec::new();
        while page.len() < PAGE && in_time(&self.shown, self.cursor.advance()).await? {
            let document = self.cursor.deserialize_current().map_err(|error| failure::of(&self.shown, &error))?;
            page.push(json(document));
        }
        Ok(page)
    }
}

fn json(document: Document) -> Map<String, Value> {
    mongodb::bson::deserialize_from_document(document).unwrap_or_default()
}

async fn in_time<T>(shown: &str, asking: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, asking).await {
        Ok(said) => said.map_err(|error| failure::of(shown, &error)),
        Err(_) => Err(failure::unavailable(shown, "no answer in time")),
    }
}
