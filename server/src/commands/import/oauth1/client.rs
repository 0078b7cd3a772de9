//! From a consumer to a client of ours that signs: its key, its secret, its callback (RFC 5849 §2.1).

use std::time::Duration;

use keyhook_core::client::{Application, AuthMethod, Client, ClientKind, Consumer};
use keyhook_core::redirect::{RedirectUri, RedirectUriError};
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;

use super::clients::Made;
use super::old::OldConsumer;

/// Makes it; `sealed` is its secret.
///
/// # Errors
/// Why it cannot be one of ours.
pub(super) fn of(old: &OldConsumer, sealed: Vec<u8>, scope: &Scope, now: Timestamp) -> Result<Made, String> {
    let (id, name, mut notes) = (&old.key, old.name.as_ref().unwrap_or(&old.key), Vec::new());
    let redirect_uris: Vec<RedirectUri> = callback(old, &mut notes).into_iter().collect();
    let native = redirect_uris.iter().any(RedirectUri::is_custom_scheme);
    let client = Client {
        kind: ClientKind::Confidential,
        application: if native { Application::Native } else { Application::Web },
        auth_method: AuthMethod::Signature,
        oauth1: Some(Consumer { secrets: vec![sealed], ..Consumer::default() }),
        redirect_uris,
        grant_types: Vec::new(),
        response_types: Vec::new(),
        scope: scope.clone(),
        default_scope: scope.clone(),
        created_at: now,
        // As for every new client: what one of the same name left behind stays dead.
        not_before: now.minus(Duration::from_millis(1)),
        ..Client::public(id, name)
    };
    client.validate().map_err(|error| error.to_string())?;
    Ok(Made { client, notes })
}

fn callback(old: &OldConsumer, notes: &mut Vec<String>) -> Option<RedirectUri> {
    let id = &old.key;
    // Both systems wrote it where there was none.
    let Some(text) = old.callback.as_ref().filter(|text| *text != "oob") else {
        notes.push(format!("client `{id}` has no callback: keyhook client update {id} --add-redirect-uri URI, unless it is out of band or signs for itself alone"));
        return None;
    };
    match RedirectUri::parse(text) {
        Ok(uri) => return Some(uri),
        // It may hold a password.
        Err(error @ RedirectUriError::UserInfo) => notes.push(format!("client `{id}`: its callback is left out: {error}")),
        Err(error) => notes.push(format!("client `{id}`: the callback {text} is left out: {error}")),
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use keyhook_core::secret::Secret;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn made(key: &str, callback: Option<&str>) -> Result<Made, String> {
        let old = OldConsumer {
            key: key.into(),
            secret: Secret::new("s".into()),
            name: Some("A shop".into()),
            callback: callback.map(str::to_owned),
        };
        of(&old, vec![1], &Scope::parse("read").unwrap(), NOW)
    }

    #[test]
    fn a_consumer_signs_and_does_nothing_else() {
        let Made { client, notes } = made("abc", Some("https://a.example/cb")).unwrap();
        assert!(client.only_signs() && client.grant_types.is_empty() && client.auth_method == AuthMethod::Signature && notes.is_empty());
        assert_eq!(
            (client.name.as_str(), client.scope.as_str(), client.redirect_uris[0].as_str()),
            ("A shop", "read", "https://a.example/cb")
        );
    }

    #[test]
    fn a_callback_that_is_missing_or_cannot_be_registered_is_named() {
        for callback in [None, Some("oob"), Some("http://a.example/cb")] {
            let Made { client, notes } = made("abc", callback).unwrap();
            assert!(client.redirect_uris.is_empty() && notes.len() == 1 && notes[0].contains("abc"), "{notes:?}");
        }
        assert!(!made("abc", Some("https://me:hush@a.example/")).unwrap().notes[0].contains("hush"));
    }

    #[test]
    fn a_key_that_cannot_be_an_id_leaves_the_consumer_out() {
        assert!(made("a b", None).err().unwrap().starts_with("id:"));
    }
}
