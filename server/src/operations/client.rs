//! Registering, changing and removing clients (RFC 6749 §2).

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored};
use keyhook_component::registry;
use keyhook_component::store::Lookup;
use keyhook_core::client::{Application, AuthMethod, Client, ClientKind};
use keyhook_core::redirect::RedirectUri;
use keyhook_core::scope::Scope;
use keyhook_core::secret::{Secret, SecretHash};
use keyhook_core::time::Timestamp;
use keyhook_core::token::client_secret;
use keyhook_plugin::hook_names::is_absolute_uri;
use serde_json::{Map, Value, json};

use super::client_draft::{ClientChange, ClientDraft};
use super::{Desk, changed_meanwhile, policy};
use crate::failure::{Exit, Failure};
use crate::nearest::nearest;

/// Registers a client.
pub(crate) async fn add(draft: ClientDraft, desk: &Desk) -> Result<Value, Failure> {
    let (client, secrets) = make(draft, desk)?;
    let id = client.id.clone();
    let stored = Stored::new(Key::named(&id), Timestamp::MAX, ClientBody(Arc::new(client.clone())));
    let taken = || {
        Failure::new("KH0302", Exit::Failed, format!("a client `{id}` exists already"))
            .help(format!("keyhook client update {id} …, or choose another id"))
    };
    desk.write(vec![stored.insert()?], taken).await?;
    desk.audit(format!("client {id} added"), Some(&id), None);
    Ok(secrets.beside(shown(&client)))
}

/// Every client.
pub(crate) async fn list(desk: &Desk) -> Result<Value, Failure> {
    let mut all = Vec::new();
    desk.records.each::<ClientBody>(|stored| all.push(shown(&stored.body.0))).await?;
    Ok(Value::Array(all))
}

/// One client.
pub(crate) async fn show(id: &str, desk: &Desk) -> Result<Value, Failure> {
    Ok(shown(&find(id, desk).await?.body.0))
}

/// Changes the fields given.
pub(crate) async fn update(change: ClientChange, desk: &Desk) -> Result<Value, Failure> {
    let id = change.id.clone();
    let stored = find(&id, desk).await?;
    let mut client = Client::clone(&stored.body.0);
    let oauth1 = change.signing.apply(&mut client, desk)?;
    let secrets = Secrets { client: apply(change, &mut client, desk)?, oauth1 };
    validate(&client)?;
    let replaced = Stored { body: ClientBody(Arc::new(client.clone())), ..Stored::clone(&stored) };
    desk.write(vec![replaced.replace()?], || changed_meanwhile(&format!("client `{id}`"))).await?;
    desk.audit(format!("client {id} changed"), Some(&id), None);
    Ok(secrets.beside(shown(&client)))
}

/// Removes a client; its tokens are dead at once, because their client is looked up.
pub(crate) async fn remove(id: &str, desk: &Desk) -> Result<Value, Failure> {
    let stored = find(id, desk).await?;
    desk.write(vec![stored.delete()], || changed_meanwhile(&format!("client `{id}`"))).await?;
    desk.audit(format!("client {id} removed"), Some(id), None);
    Ok(json!({ "id": id, "removed": true }))
}

async fn find(id: &str, desk: &Desk) -> Result<Arc<Stored<ClientBody>>, Failure> {
    match desk.records.read::<ClientBody>(&Key::named(id)).await? {
        Lookup::Live(stored) => Ok(stored),
        Lookup::Spent(_) | Lookup::Absent => {
            Err(Failure::new("KH0301", Exit::NotFound, format!("there is no client `{id}`")).help("keyhook client list"))
        }
    }
}

/// New secrets, which are shown once.
struct Secrets {
    /// Of OAuth 2.0; a hash of it is kept.
    client: Option<Secret<String>>,
    /// Of OAuth 1.0a; it is kept sealed.
    oauth1: Option<Secret<String>>,
}

impl Secrets {
    /// What operators see of the client, and these.
    fn beside(self, mut shown: Value) -> Value {
        if let Value::Object(members) = &mut shown {
            for (name, secret) in [("client_secret", self.client), ("oauth1_secret", self.oauth1)] {
                members.extend(secret.map(|secret| (name.to_owned(), secret.into_inner().into())));
            }
        }
        shown
    }
}

fn make(draft: ClientDraft, desk: &Desk) -> Result<(Client, Secrets), Failure> {
    let name = if draft.name.is_empty() { draft.id.clone() } else { draft.name };
    let (mut client, secret) = if draft.only_signs {
        let own = Client { kind: ClientKind::Confidential, grant_types: Vec::new(), ..Client::public(draft.id, name) };
        (Client { auth_method: AuthMethod::Signature, ..own }, None)
    } else if draft.confidential && draft.auth_method.as_deref() == Some(AuthMethod::Assertion.name()) {
        (Client { kind: ClientKind::Confidential, ..Client::public(draft.id, name) }, None)
    } else if draft.confidential {
        let secret = client_secret(desk.random.bytes());
        (Client::confidential(draft.id, name, SecretHash::of(secret.expose().as_bytes())), Some(secret))
    } else {
        (Client::public(draft.id, name), None)
    };
    if draft.confidential {
        client.require_pkce = !draft.without_pkce;
        let usual = if draft.only_signs { AuthMethod::Signature } else { AuthMethod::SecretBasic };
        client.auth_method = draft.auth_method.as_deref().map_or(Ok(usual), auth_method)?;
    }
    if !draft.grant_types.is_empty() {
        known(&draft.grant_types)?;
        client.grant_types = draft.grant_types;
    }
    client.application = if draft.native { Application::Native } else { Application::Web };
    client.first_party = draft.first_party;
    client.introspect = draft.introspect;
    client.redirect_uris = redirects(&draft.redirect_uris)?;
    client.scope = scope(&draft.scope)?;
    client.default_scope = scope(draft.default_scope.as_ref().unwrap_or(&draft.scope))?;
    client.access_ttl = draft.access_ttl;
    client.refresh_ttl = draft.refresh_ttl;
    policy::apply(&mut client.tokens, &draft.policy)?;
    attributes(&mut client.attributes, &draft.attributes)?;
    let oauth1 = draft.signing.apply(&mut client, desk)?;
    client.response_types = response_types(&client.grant_types);
    client.created_at = desk.now();
    // What a removed client of the same name left behind stays dead. One millisecond back, so that a token of this very moment lives.
    client.not_before = desk.now().minus(Duration::from_millis(1));
    validate(&client)?;
    Ok((client, Secrets { client: secret, oauth1 }))
}

fn apply(change: ClientChange, client: &mut Client, desk: &Desk) -> Result<Option<Secret<String>>, Failure> {
    client.redirect_uris.retain(|uri| !change.remove_redirect_uris.iter().any(|gone| gone == uri.as_str()));
    for uri in redirects(&change.add_redirect_uris)? {
        if !client.redirect_uris.contains(&uri) {
            client.redirect_uris.push(uri);
        }
    }
    client.grant_types.retain(|grant| !change.remove_grant_types.contains(grant));
    known(&change.add_grant_types)?;
    for grant in change.add_grant_types {
        if !client.grant_types.contains(&grant) {
            client.grant_types.push(grant);
        }
    }
    if let Some(text) = change.scope {
        let had_all = client.default_scope == client.scope;
        client.scope = scope(&text)?;
        if had_all {
            client.default_scope = client.scope.clone();
        }
    }
    if let Some(text) = change.default_scope {
        client.default_scope = scope(&text)?;
    }
    if let Some(name) = change.auth_method {
        client.auth_method = auth_method(&name)?;
    }
    client.require_pkce = change.require_pkce.unwrap_or(client.require_pkce);
    client.name = change.name.unwrap_or_else(|| client.name.clone());
    client.first_party = change.first_party.unwrap_or(client.first_party);
    client.introspect = change.introspect.unwrap_or(client.introspect);
    client.disabled = change.disabled.unwrap_or(client.disabled);
    client.access_ttl = change.access_ttl.or(client.access_ttl);
    client.refresh_ttl = change.refresh_ttl.or(client.refresh_ttl);
    policy::apply(&mut client.tokens, &change.policy)?;
    attributes(&mut client.attributes, &change.attributes)?;
    client.response_types = response_types(&client.grant_types);
    if change.revoke {
        // Never earlier than before: a clock that steps back must not revive what was revoked.
        client.not_before = client.not_before.max(desk.now());
    }
    if !change.rotate_secret {
        return Ok(None);
    }
    if client.kind == ClientKind::Public {
        return Err(Failure::new("KH0303", Exit::Usage, format!("client `{}` is public and has no secret", client.id)));
    }
    let secret = client_secret(desk.random.bytes());
    client.secrets.insert(0, SecretHash::of(secret.expose().as_bytes()));
    client.secrets.truncate(2);
    Ok(Some(secret))
}

/// Refuses what no grant of this server answers to: a slip of the hand would make a client that cannot do anything.
fn known(grant_types: &[String]) -> Result<(), Failure> {
    let grants = registry::grants();
    // The implicit grant has no token request.
    let known: Vec<_> = grants.iter().map(|grant| grant.grant_type()).chain(["implicit"]).collect();
    // A grant of a plugin's is an absolute URI, and which plugins there will be is not known here.
    let is_known = |name: &&String| known.contains(&name.as_str()) || is_absolute_uri(name);
    let Some(unknown) = grant_types.iter().find(|name| !is_known(name)) else { return Ok(()) };
    let help = match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? known: {}", known.join(", ")),
        None => format!("known: {}", known.join(", ")),
    };
    Err(Failure::new("KH0303", Exit::Usage, format!("there is no grant type `{unknown}` on this server")).help(help))
}

/// `NAME=VALUE`, where the value is JSON if it can be read as such, else text; an empty one takes the attribute away.
fn attributes(members: &mut Map<String, Value>, settings: &[String]) -> Result<(), Failure> {
    for setting in settings {
        let Some((name, value)) = setting.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::new("KH0303", Exit::Usage, format!("--attribute {setting}: expected NAME=VALUE")));
        };
        if value.is_empty() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
        }
    }
    Ok(())
}

/// What a client may ask the authorization endpoint for follows from its grants (RFC 7591 §2.1).
pub(crate) fn response_types(grant_types: &[String]) -> Vec<String> {
    let pairs = [("authorization_code", "code"), ("implicit", "token")];
    pairs.iter().filter(|(grant, _)| grant_types.iter().any(|own| own == grant)).map(|(_, response)| (*response).to_owned()).collect()
}

fn auth_method(name: &str) -> Result<AuthMethod, Failure> {
    let known = [AuthMethod::None, AuthMethod::SecretBasic, AuthMethod::SecretPost, AuthMethod::Assertion, AuthMethod::Signature];
    known.into_iter().find(|method| method.name() == name).ok_or_else(|| {
        Failure::new("KH0303", Exit::Usage, format!("`{name}` is no authentication method"))
            .help("client_secret_basic, client_secret_post, assertion or oauth1_signature")
    })
}

fn redirects(texts: &[String]) -> Result<Vec<RedirectUri>, Failure> {
    let parse = |text: &String| {
        RedirectUri::parse(text).map_err(|error| Failure::new("KH0303", Exit::Usage, format!("`{text}` cannot be a redirect URI: {error}")))
    };
    texts.iter().map(parse).collect()
}

fn scope(text: &str) -> Result<Scope, Failure> {
    if text.trim().is_empty() {
        return Ok(Scope::empty());
    }
    Scope::parse(text).map_err(|error| Failure::new("KH0303", Exit::Usage, format!("`{text}` is no scope: {}", error.description)))
}

fn validate(client: &Client) -> Result<(), Failure> {
    client.validate().map_err(|error| Failure::new("KH0303", Exit::Usage, format!("client `{}` cannot be like this: {error}", client.id)))
}

/// A client as operators see it: no secret, not even hashed.
fn shown(client: &Client) -> Value {
    let mut members = match serde_json::to_value(client) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    members.remove("secrets");
    members.insert("secrets".to_owned(), client.secrets.len().into());
    if let Some(consumer) = &client.oauth1 {
        let own = json!({ "secrets": consumer.secrets.len(), "rsa_keys": consumer.rsa_keys, "methods": consumer.methods });
        members.insert("oauth1".to_owned(), own);
    }
    Value::Object(members)
}
