//! Clients and users that a program or `keyhook dev` brings along.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored, User};
use keyhook_component::store::Lookup;
use keyhook_core::client::Client;
use keyhook_core::time::Timestamp;

use crate::failure::{Exit, Failure};
use crate::foundation::Foundation;

/// Registers a client, or brings the registration up to date; what an operator did to it (disabled, revoked) stays.
///
/// # Errors
/// When the registration is not consistent, or the store cannot answer.
pub(crate) async fn client(mut client: Client, foundation: &Foundation) -> Result<(), Failure> {
    client
        .validate()
        .map_err(|error| Failure::new("KH0303", Exit::Configuration, format!("client `{}` cannot be like this: {error}", client.id)))?;
    let key = Key::named(&client.id);
    let now = foundation.clock.now();
    let operation = match foundation.records.read::<ClientBody>(&key).await? {
        Lookup::Live(stored) => {
            let before = &stored.body.0;
            client.not_before = client.not_before.max(before.not_before);
            client.disabled |= before.disabled;
            client.created_at = before.created_at;
            Stored { body: ClientBody(Arc::new(client)), ..Stored::clone(&stored) }.replace()?
        }
        Lookup::Spent(_) | Lookup::Absent => {
            client.created_at = now;
            client.not_before = client.not_before.max(now.minus(Duration::from_millis(1)));
            Stored::new(key, Timestamp::MAX, ClientBody(Arc::new(client))).insert()?
        }
    };
    // A refusal means that another process of the same program did the same at this moment.
    let _: Applied = foundation.records.apply(Batch::new().with(operation)).await?;
    Ok(())
}

/// Adds a user unless there is one of the name; the password of an existing one stays.
///
/// # Errors
/// When the password cannot be hashed, or the store cannot answer.
pub(crate) async fn user(name: &str, password: &str, foundation: &Foundation) -> Result<(), Failure> {
    let key = Key::named(name);
    if !matches!(foundation.records.read::<User>(&key).await?, Lookup::Absent) {
        return Ok(());
    }
    let hash = keyhook_builtin::hash_password(password, &foundation.random.bytes())
        .map_err(|error| Failure::new("KH0306", Exit::Configuration, error.to_string()))?;
    let user = User { password: Some(hash), name: None, disabled: false, created_at: foundation.clock.now() };
    let insert = Stored::new(key, Timestamp::MAX, user).of_subject(Some(name.to_owned())).insert()?;
    let _: Applied = foundation.records.apply(Batch::new().with(insert)).await?;
    Ok(())
}
