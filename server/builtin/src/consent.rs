//! Who has to be asked, for what, and what is remembered (RFC 6749 §10.2, RFC 8252 §8.6).

use std::sync::Arc;

use keyhook_component::batch::Batch;
use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{Consent, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::authorize::AuthorizationRequest;
use keyhook_core::client::{Client, ClientKind};
use keyhook_core::error::OAuthError;
use keyhook_core::scope::Scope;

/// What the user allowed this client before, as far as it may still be relied on.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn remembered(context: &Context, client: &Client, subject: &str) -> Result<Option<Arc<Stored<Consent>>>, OAuthError> {
    if !context.settings.remember_consent {
        return Ok(None);
    }
    let Lookup::Live(found) = context.records.read::<Consent>(&Key::pair(&client.id, subject)).await? else { return Ok(None) };
    // What was allowed before the client was revoked, or before the user was signed out everywhere, counts no more: it may have
    // been somebody else with the user's password, or a user of the same name who has been removed.
    let signed_out = context.records.subject_not_before(subject).await?.is_some_and(|instant| found.body.given_at <= instant);
    let stands = !found.expires_at.has_passed(context.now()) && found.body.given_at > client.not_before && !signed_out;
    Ok(stands.then_some(found))
}

/// Whether the user has to be asked.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn is_needed(context: &Context, client: &Client, asked: &AuthorizationRequest, subject: &str) -> Result<bool, OAuthError> {
    // A verifier that a person types is what a stranger on the telephone asks for: nobody sees one who did not say yes to this very
    // request (RFC 5849 §4.15, RFC 8628 §5.4).
    if asked.prompt.consent() || asked.redirect_uri.is_out_of_band() {
        return Ok(true);
    }
    if client.first_party {
        return Ok(false);
    }
    if can_be_imitated(client) {
        return Ok(true);
    }
    let remembered = remembered(context, client, subject).await?;
    Ok(!remembered.is_some_and(|consent| asked.scope.scope().is_subset_of(&consent.body.scope)))
}

/// A public client proves nothing: anybody can ask in its name, so that only the user can tell (RFC 6749 §10.2, RFC 8252 §8.6).
fn can_be_imitated(client: &Client) -> bool {
    client.kind == ClientKind::Public
}

/// Adds what was allowed to what is remembered.
///
/// # Errors
/// When the store cannot answer: then no code may follow.
pub(crate) async fn remember(context: &Context, client: &Client, subject: &str, allowed: &Scope) -> Result<(), OAuthError> {
    if !context.settings.remember_consent {
        return Ok(());
    }
    let before = remembered(context, client, subject).await?;
    let scope = before.iter().flat_map(|consent| consent.body.scope.iter()).chain(allowed.iter()).collect();
    let now = context.now();
    let consent =
        Stored::new(Key::pair(&client.id, subject), now.plus(context.settings.lifetimes.consent), Consent { scope, given_at: now })
            .of_client(client.id.as_str())
            .of_subject(Some(subject.to_owned()));
    let _ = context.records.apply(Batch::new().with(consent.put()?)).await?;
    Ok(())
}
