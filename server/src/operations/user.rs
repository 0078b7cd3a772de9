//! Users of the built-in login.

use std::sync::Arc;

use keyhook_builtin::hash_password;
use keyhook_component::record::Key;
use keyhook_component::records::{NotBefore, Stored, User};
use keyhook_component::store::Lookup;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Desk, changed_meanwhile};
use crate::failure::{Exit, Failure};

const LONGEST_NAME: usize = 255;

/// A user to be added, or one that gets a new password. Has no `Debug`: it holds a password.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UserDraft {
    /// The name to sign in with, which is the subject of tokens.
    pub(crate) name: String,
    /// What pages call the user.
    pub(crate) display: Option<String>,
    /// The password.
    pub(crate) password: String,
}

/// Adds a user.
pub(crate) async fn add(draft: UserDraft, desk: &Desk) -> Result<Value, Failure> {
    let name = draft.name;
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control) && name.trim() == name;
    if !fits {
        return Err(Failure::new("KH0306", Exit::Usage, "a user name has 1 to 255 bytes, no control characters and no spaces around it"));
    }
    let password = hash(draft.password, desk).await?;
    let user = User { password: Some(password), name: draft.display, disabled: false, created_at: desk.now() };
    let stored = Stored::new(Key::named(&name), Timestamp::MAX, user).of_subject(Some(name.clone()));
    let answer = shown(&name, &stored.body);
    let taken =
        || Failure::new("KH0305", Exit::Failed, format!("a user `{name}` exists already")).help(format!("keyhook user passwd {name}"));
    desk.write(vec![stored.insert()?], taken).await?;
    desk.audit("user added".to_owned(), None, Some(&name));
    Ok(answer)
}

/// Every user.
pub(crate) async fn list(desk: &Desk) -> Result<Value, Failure> {
    let mut all = Vec::new();
    desk.records.each::<User>(|stored| all.push(shown(&String::from_utf8_lossy(&stored.key.to_bytes()), &stored.body))).await?;
    Ok(Value::Array(all))
}

/// Sets a password and signs the user out everywhere.
pub(crate) async fn passwd(draft: UserDraft, desk: &Desk) -> Result<Value, Failure> {
    let stored = find(&draft.name, desk).await?;
    let password = Some(hash(draft.password, desk).await?);
    let mut changed = Stored::clone(&stored);
    changed.body.password = password;
    let answer = shown(&draft.name, &changed.body);
    let operations = vec![changed.replace()?, sign_out(&draft.name, desk).await?];
    desk.write(operations, || changed_meanwhile(&format!("user `{}`", draft.name))).await?;
    desk.audit("password set, signed out everywhere".to_owned(), None, Some(&draft.name));
    Ok(answer)
}

/// Refuses or allows sign-in; refusing also signs the user out everywhere.
pub(crate) async fn disable(name: &str, disabled: bool, desk: &Desk) -> Result<Value, Failure> {
    let mut changed = Stored::clone(&*find(name, desk).await?);
    changed.body.disabled = disabled;
    let answer = shown(name, &changed.body);
    let mut operations = vec![changed.replace()?];
    if disabled {
        operations.push(sign_out(name, desk).await?);
    }
    desk.write(operations, || changed_meanwhile(&format!("user `{name}`"))).await?;
    desk.audit(if disabled { "user disabled" } else { "user enabled" }.to_owned(), None, Some(name));
    Ok(answer)
}

/// Removes a user and signs it out everywhere; a later user of the same name inherits nothing.
pub(crate) async fn remove(name: &str, desk: &Desk) -> Result<Value, Failure> {
    let stored = find(name, desk).await?;
    desk.write(vec![stored.delete(), sign_out(name, desk).await?], || changed_meanwhile(&format!("user `{name}`"))).await?;
    desk.audit("user removed".to_owned(), None, Some(name));
    Ok(json!({ "name": name, "removed": true }))
}

async fn find(name: &str, desk: &Desk) -> Result<Arc<Stored<User>>, Failure> {
    match desk.records.read::<User>(&Key::named(name)).await? {
        Lookup::Live(stored) => Ok(stored),
        Lookup::Spent(_) | Lookup::Absent => {
            Err(Failure::new("KH0304", Exit::NotFound, format!("there is no user `{name}`")).help("keyhook user list"))
        }
    }
}

/// Everything of the subject that was born until now is dead. A clock that steps back revives nothing: the instant only grows.
async fn sign_out(name: &str, desk: &Desk) -> Result<keyhook_component::batch::Operation, Failure> {
    let before = desk.records.read::<NotBefore>(&Key::named(name)).await?.live().map(|stored| stored.body.instant);
    let instant = before.unwrap_or(Timestamp::ZERO).max(desk.now());
    Ok(Stored::new(Key::named(name), Timestamp::MAX, NotBefore { instant }).of_subject(Some(name.to_owned())).put()?)
}

async fn hash(password: String, desk: &Desk) -> Result<String, Failure> {
    let (password, salt) = (Secret::new(password), desk.random.bytes());
    let hashed = tokio::task::spawn_blocking(move || hash_password(password.expose(), &salt)).await;
    let failed = |text: String| Failure::new("KH0306", Exit::Usage, text);
    hashed.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

fn shown(name: &str, user: &User) -> Value {
    json!({ "name": name, "display": user.name, "password": user.password.is_some(), "disabled": user.disabled, "created_at": user.created_at })
}
