//! `register_client`: a URL handler registers a client, where the operator lets it (`allow = ["register_clients"]`).

use keyhook_component::registrar::{NewClient, NotRegistered};
use keyhook_plugin::abi::{self, Str};
use serde_json::json;

use super::limits::CLIENT_BYTES;
use super::{Call, Scene};

impl Call {
    /// Registers a client; its key and its secret, as JSON.
    pub(crate) fn register_client(&mut self, json: &str) -> Result<Str, i32> {
        if self.scene != Scene::Route {
            return Err(abi::NOT_HERE);
        }
        if !self.plugin.may.register_clients {
            return Err(abi::NOT_PERMITTED);
        }
        let registrar = self.world.registrar.clone().ok_or(abi::NOT_HERE)?;
        if !self.blocking {
            return Err(abi::WOULD_BLOCK);
        }
        let client: NewClient = match json.len() {
            0..=CLIENT_BYTES => serde_json::from_str(json).map_err(|_| abi::BAD_ARGUMENT)?,
            _ => return Err(abi::BAD_ARGUMENT),
        };
        let plugin = std::sync::Arc::clone(&self.plugin.name);
        match self.wait(async { Ok(registrar.register(&plugin, client).await) })? {
            Ok(made) => {
                let answer = json!({ "key": made.key, "secret": made.secret.expose() }).to_string();
                Ok(self.keep(answer.into_bytes()))
            }
            Err(NotRegistered::Malformed(why)) => {
                tracing::info!(plugin = &*plugin, why, "a plugin asked for a client that cannot be registered");
                Err(abi::BAD_ARGUMENT)
            }
            Err(NotRegistered::Failed(why)) => {
                tracing::error!(plugin = &*plugin, why, "a client that a plugin asked for could not be registered");
                Err(abi::HOST_FAULT)
            }
        }
    }
}
