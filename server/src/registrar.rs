//! Registers the clients that plugins ask for: with the checks that operators get, under a key that the server makes.

use std::fmt::Write as _;
use std::sync::Arc;

use keyhook_component::BoxFuture;
use keyhook_component::registrar::{NewClient, NewCredentials, NotRegistered, Registrar};
use keyhook_component::system::Random;
use keyhook_core::secret::Secret;
use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::foundation::Foundation;
use crate::operations::{ClientDraft, Desk, SigningChange, client};

/// The desk at which clients are registered.
pub(crate) struct DeskRegistrar(Desk);

impl DeskRegistrar {
    /// Over the records of a server.
    pub(crate) fn over(foundation: &Foundation) -> Arc<DeskRegistrar> {
        Arc::new(DeskRegistrar(Desk {
            records: foundation.records.clone(),
            clock: Arc::clone(&foundation.clock),
            random: Arc::clone(&foundation.random),
            sealer: Arc::clone(&foundation.sealer),
            audit: foundation.audit.clone(),
            server: None,
        }))
    }

    async fn add(&self, plugin: String, new: NewClient) -> Result<NewCredentials, NotRegistered> {
        if new.name.trim().is_empty() {
            return Err(NotRegistered::Malformed("it has no name".to_owned()));
        }
        let key = key(&*self.0.random);
        let draft = ClientDraft {
            id: key.clone(),
            name: new.name,
            confidential: true,
            only_signs: true,
            redirect_uris: new.callbacks,
            scope: new.scope,
            signing: SigningChange { secret: true, methods: new.signature_methods, ..SigningChange::default() },
            ..ClientDraft::default()
        };
        let mut shown = client::add(draft, &self.0).await.map_err(|failure| refused(&failure))?;
        let Value::String(secret) = shown["oauth1_secret"].take() else {
            return Err(NotRegistered::Failed(format!("client `{key}` was registered without a secret")));
        };
        tracing::info!(event = "client_registered", plugin, client_id = key, "a plugin registered a client");
        Ok(NewCredentials { key, secret: Secret::new(secret) })
    }
}

impl Registrar for DeskRegistrar {
    fn register(&self, plugin: &str, client: NewClient) -> BoxFuture<'_, Result<NewCredentials, NotRegistered>> {
        Box::pin(self.add(plugin.to_owned(), client))
    }
}

/// A key that nobody has: 96 bits of chance.
fn key(random: &dyn Random) -> String {
    let mut bytes = [0; 12];
    random.fill(&mut bytes);
    bytes.iter().fold("consumer-".to_owned(), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// What is wrong with the client is the plugin's affair; all else is the operator's.
fn refused(failure: &Failure) -> NotRegistered {
    if failure.exit() == Exit::Usage {
        NotRegistered::Malformed(failure.text().to_owned())
    } else {
        NotRegistered::Failed(failure.text().to_owned())
    }
}
