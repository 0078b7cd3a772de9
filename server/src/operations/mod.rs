//! What an operator can do to a deployment: the same functions behind the admin socket of a running server and, when none runs,
//! directly over the opened store.

pub(crate) mod client;
mod client_draft;
mod desk;
pub(crate) mod oauth1;
mod policy;
mod signing;
pub(crate) mod user;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use client_draft::{ClientChange, ClientDraft};
pub(crate) use desk::{Desk, LiveServer};
pub(crate) use oauth1::SigningChange;
pub(crate) use user::UserDraft;

use crate::failure::{Exit, Failure};

/// One request of an operator, as it travels over the admin socket: `{"command":"client.show","id":"shop"}`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", deny_unknown_fields)]
pub(crate) enum Operation {
    /// Registers a client; a confidential one gets its secret in the answer, once.
    #[serde(rename = "client.add")]
    ClientAdd(ClientDraft),
    /// Every client.
    #[serde(rename = "client.list")]
    ClientList {},
    /// One client.
    #[serde(rename = "client.show")]
    ClientShow {
        /// Its `client_id`.
        id: String,
    },
    /// Changes the fields given.
    #[serde(rename = "client.update")]
    ClientUpdate(ClientChange),
    /// Removes a client; its tokens are dead at once.
    #[serde(rename = "client.remove")]
    ClientRemove {
        /// Its `client_id`.
        id: String,
    },
    /// Adds a user of the built-in login.
    #[serde(rename = "user.add")]
    UserAdd(UserDraft),
    /// Every user.
    #[serde(rename = "user.list")]
    UserList {},
    /// Sets a password and ends every session and token of the user.
    #[serde(rename = "user.passwd")]
    UserPasswd(UserDraft),
    /// Lets a user sign in no more, or again.
    #[serde(rename = "user.disable")]
    UserDisable {
        /// The user name.
        name: String,
        /// Whether sign-in is refused.
        disabled: bool,
    },
    /// Removes a user and ends every session and token of it.
    #[serde(rename = "user.remove")]
    UserRemove {
        /// The user name.
        name: String,
    },
    /// The keys that sign JWTs.
    #[serde(rename = "signing.list")]
    SigningList {},
    /// Lets another key follow the present one, without a break.
    #[serde(rename = "signing.rotate")]
    SigningRotate {},
    /// Gives all keys up at once.
    #[serde(rename = "signing.reset")]
    SigningReset {},
    /// Every plugin of the running server.
    #[serde(rename = "plugin.list")]
    PluginList {},
    /// Reads configuration and plugins again.
    #[serde(rename = "reload")]
    Reload {},
    /// What the running server is.
    #[serde(rename = "status")]
    Status {},
    /// Starts a process like the running one, which takes over.
    #[serde(rename = "restart")]
    Restart {},
    /// Gives the listening sockets to the process that asks.
    #[serde(rename = "hand_over")]
    HandOver {},
}

impl Operation {
    /// Does it, and answers with JSON: an object for one thing, a list for many.
    ///
    /// # Errors
    /// Why it was not done; then nothing was changed.
    pub(crate) async fn perform(self, desk: &Desk) -> Result<Value, Failure> {
        match self {
            Operation::ClientAdd(draft) => client::add(draft, desk).await,
            Operation::ClientList {} => client::list(desk).await,
            Operation::ClientShow { id } => client::show(&id, desk).await,
            Operation::ClientUpdate(change) => client::update(change, desk).await,
            Operation::ClientRemove { id } => client::remove(&id, desk).await,
            Operation::UserAdd(draft) => user::add(draft, desk).await,
            Operation::UserList {} => user::list(desk).await,
            Operation::UserPasswd(draft) => user::passwd(draft, desk).await,
            Operation::UserDisable { name, disabled } => user::disable(&name, disabled, desk).await,
            Operation::UserRemove { name } => user::remove(&name, desk).await,
            Operation::SigningList {} => signing::list(desk).await,
            Operation::SigningRotate {} => signing::rotate(desk).await,
            Operation::SigningReset {} => signing::reset(desk).await,
            Operation::PluginList {} => Ok(desk.running()?.plugins()),
            Operation::Reload {} => desk.running()?.reload().await,
            Operation::Status {} => Ok(desk.running()?.status()),
            // The admin socket does them itself: they are about the process, and a conversation.
            Operation::Restart {} | Operation::HandOver {} => Err(desk::nobody_runs()),
        }
    }
}

/// Somebody else changed it between reading and writing.
pub(crate) fn changed_meanwhile(what: &str) -> Failure {
    Failure::new("KH0307", Exit::Failed, format!("{what} was changed by somebody else at this moment; nothing was written"))
        .help("try again")
}
