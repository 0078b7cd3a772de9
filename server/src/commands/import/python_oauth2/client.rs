//! From a client of python-oauth2 to one of ours: its id, its secret, and no more than it could do before.

use std::time::Duration;

use keyhook_component::registry;
use keyhook_core::client::{Application, AuthMethod, Client};
use keyhook_core::redirect::{RedirectUri, RedirectUriError};
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;

use super::clients::Made;
use super::old::OldClient;
use super::seen::Traces;
use crate::operations::client::response_types;

/// What the operator says about all clients.
pub(super) struct Rules {
    pub(super) auth_method: AuthMethod,
    pub(super) scope: Scope,
    pub(super) grant_types: Vec<String>,
    pub(super) require_pkce: bool,
}

/// Shorter than this a secret can be found by trying: 22 characters of a random one are 128 bits.
const STRONG: usize = 22;

/// Makes it.
///
/// # Errors
/// Why it cannot be one of ours.
pub(super) fn of(old: &OldClient, traces: Option<&Traces>, rules: &Rules, now: Timestamp) -> Result<Made, String> {
    let (id, mut notes) = (&old.identifier, Vec::new());
    let mut client = Client::confidential(id, id, SecretHash::of(old.secret.expose().as_bytes()));
    client.auth_method = rules.auth_method;
    client.require_pkce = rules.require_pkce;
    client.redirect_uris = redirect_uris(old, &mut notes);
    if client.redirect_uris.iter().any(RedirectUri::is_custom_scheme) {
        client.application = Application::Native;
    }
    client.grant_types = grant_types(old, !client.redirect_uris.is_empty(), traces, rules, &mut notes);
    let responses = response_types(&client.grant_types);
    let authorized = |name: &String| old.authorized_response_types.is_empty() || old.authorized_response_types.contains(name);
    client.response_types = responses.into_iter().filter(authorized).collect();
    client.scope = rules.scope.iter().chain(traces.map(Traces::scope).unwrap_or_default().iter()).collect();
    client.default_scope = client.scope.clone();
    client.created_at = now;
    // As for every new client: what one of the same name left behind stays dead.
    client.not_before = now.minus(Duration::from_millis(1));
    client.validate().map_err(|error| error.to_string())?;
    if old.secret.expose().chars().count() < STRONG {
        notes.push(format!(
            "client `{id}` has a secret that can be found by trying: keyhook client secret rotate {id} (both are good until the next)"
        ));
    }
    Ok(Made { client, notes })
}

fn redirect_uris(old: &OldClient, notes: &mut Vec<String>) -> Vec<RedirectUri> {
    let mut uris = Vec::new();
    for text in &old.redirect_uris {
        match RedirectUri::parse(text) {
            Ok(uri) if uris.contains(&uri) => {}
            Ok(uri) => uris.push(uri),
            // It may hold a password.
            Err(error @ RedirectUriError::UserInfo) => {
                notes.push(format!("client `{}`: a redirect URI is left out: {error}", old.identifier));
            }
            Err(error) => notes.push(format!("client `{}`: the redirect URI {text} is left out: {error}", old.identifier)),
        }
    }
    uris
}

/// What it was allowed, as far as this server knows it; where nothing was forbidden, what it did, and what is usual.
fn grant_types(old: &OldClient, redirects: bool, traces: Option<&Traces>, rules: &Rules, notes: &mut Vec<String>) -> Vec<String> {
    let id = &old.identifier;
    let mut wanted: Vec<String> = if !old.authorized_grants.is_empty() {
        old.authorized_grants.clone()
    } else if !rules.grant_types.is_empty() {
        rules.grant_types.clone()
    } else {
        let used = traces.map(|traces| traces.grant_types.iter().cloned().collect()).unwrap_or_default();
        usual(redirects, used)
    };
    wanted.dedup();
    let known = registry::grants();
    let is_known = |name: &str| name == "implicit" || known.iter().any(|grant| grant.grant_type() == name);
    wanted.retain(|name| {
        let needs_redirect = ["authorization_code", "implicit"].contains(&name.as_str());
        if needs_redirect && !redirects {
            notes.push(format!("client `{id}` may not use {name}: it has no redirect URI; keyhook client update {id} --add-redirect-uri URI --add-grant {name}"));
        } else if !is_known(name) {
            notes.push(format!("client `{id}` may not use {name}: this server has no such grant"));
        }
        is_known(name) && (redirects || !needs_redirect)
    });
    wanted
}

fn usual(redirects: bool, mut used: Vec<String>) -> Vec<String> {
    let more: &[&str] = match (redirects, used.is_empty()) {
        (true, _) => &["authorization_code", "refresh_token"],
        (false, true) => &["client_credentials"],
        (false, false) => &[],
    };
    used.extend(more.iter().map(|name| (*name).to_owned()));
    used.sort_unstable();
    used.dedup();
    used
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use keyhook_core::secret::Secret;

    use super::super::old::OldToken;
    use super::super::seen::Seen;
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn old(grants: &[&str], uris: &[&str]) -> OldClient {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        OldClient {
            identifier: "abc".into(),
            secret: Secret::new("xyz".into()),
            redirect_uris: owned(uris),
            authorized_grants: owned(grants),
            authorized_response_types: owned(&["code"]),
        }
    }

    fn rules() -> Rules {
        Rules { auth_method: AuthMethod::SecretPost, scope: Scope::parse("base").unwrap(), grant_types: Vec::new(), require_pkce: false }
    }

    fn seen(grant_type: &str) -> Seen {
        let mut seen = Seen::default();
        seen.add(
            &OldToken {
                client_id: "abc".into(),
                grant_type: grant_type.into(),
                token: Secret::new("T".into()),
                data: serde_json::Map::new(),
                expires_at: None,
                refresh_token: None,
                refresh_expires_at: None,
                scopes: vec!["read".into(), "no\"scope".into()],
                user_id: None,
            },
            NOW,
        );
        seen
    }

    #[test]
    fn a_client_keeps_its_secret_and_what_it_was_allowed() {
        let made = of(&old(&["authorization_code", "refresh_token"], &["https://a.example/cb"]), None, &rules(), NOW).ok().unwrap();
        let client = made.client;
        assert!(client.secrets[0].matches(b"xyz") && client.auth_method == AuthMethod::SecretPost && !client.require_pkce);
        assert_eq!(
            (client.grant_types.join(" ").as_str(), client.response_types.as_slice()),
            ("authorization_code refresh_token", &["code".to_owned()][..])
        );
        assert_eq!((client.scope.as_str(), client.redirect_uris[0].as_str()), ("base", "https://a.example/cb"));
        assert!(made.notes.iter().any(|note| note.contains("secret rotate abc")), "{:?}", made.notes);
    }

    #[test]
    fn a_redirect_uri_that_cannot_be_registered_is_named_and_left_out() {
        let made = of(&old(&["authorization_code", "password"], &["http://a.example/cb"]), None, &rules(), NOW).ok().unwrap();
        assert!(made.client.redirect_uris.is_empty());
        assert_eq!(made.client.grant_types, ["password"]);
        assert!(made.notes.iter().any(|note| note.contains("http://a.example/cb")), "{:?}", made.notes);
        let made = of(&old(&["password"], &["https://me:hush@a.example/"]), None, &rules(), NOW).ok().unwrap();
        assert!(made.notes.iter().all(|note| !note.contains("hush")), "{:?}", made.notes);
    }

    #[test]
    fn where_nothing_was_forbidden_a_client_may_what_its_tokens_show() {
        let (seen, bare) = (seen("password"), old(&[], &[]));
        let made = of(&bare, seen.of("abc"), &rules(), NOW).ok().unwrap();
        assert_eq!((made.client.grant_types.join(" ").as_str(), made.client.scope.as_str()), ("password", "base read"));
        let made = of(&bare, None, &rules(), NOW).ok().unwrap();
        assert_eq!(made.client.grant_types, ["client_credentials"]);
        let named = Rules { grant_types: vec!["password".into(), "x-nonsense".into()], ..rules() };
        let made = of(&bare, None, &named, NOW).ok().unwrap();
        assert_eq!(made.client.grant_types, ["password"]);
        assert!(made.notes.iter().any(|note| note.contains("x-nonsense")), "{:?}", made.notes);
    }

    #[test]
    fn an_identifier_that_cannot_be_ours_leaves_the_client_out() {
        let spaced = OldClient { identifier: "a b".into(), ..old(&["password"], &[]) };
        assert!(of(&spaced, None, &rules(), NOW).err().unwrap().starts_with("id:"));
    }
}
