//! What becomes of a user's yes: the grant, and the verifier that the client needs to exchange its temporary credentials (RFC 5849 §2.2).

use http::StatusCode;
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::records::{Authorized, Stored, TemporaryCredential};
use keyhook_component::response::Response;
use keyhook_core::authorize::{AuthorizationRequest, Refusal, ResponseType};
use keyhook_core::client::Client;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::oauth1::VerifierKind;
use keyhook_core::scope::Granted;
use keyhook_core::secret::Secret;

use super::authorize::{not_waiting, waiting};
use crate::flow::Flow;
use crate::session::Live;
use crate::{leave, mint, pages};

/// Gives the verifier to the client, or shows it to the user.
///
/// # Errors
/// When somebody decided about the credentials before, or they have expired; whatever the store says: then there is no grant.
pub(crate) async fn answer(mut flow: Flow<'_>, granted: Granted, session: Live, subject: String) -> Result<Response, Refusal> {
    // It is gone with the interaction.
    let data = flow.data();
    if let Some(open) = flow.open.take() {
        open.take(flow.context).await?;
    }
    let grant = mint::NewGrant {
        subject: Some(&subject),
        scope: &granted,
        auth_time: session.body.auth_time,
        acr: session.body.acr.clone(),
        amr: session.body.amr.clone(),
    };
    let name = flow.asked.state.as_deref().unwrap_or_default();
    let verifier = permit(name, &flow.client, grant, data, flow.context).await?;
    flow.event.subject = Some(subject);
    flow.context.audit.record(flow.event.clone());
    let to = &flow.asked.redirect_uri;
    let response = if to.is_out_of_band() {
        let code = verifier.expose();
        let spelled = code.split("").filter(|letter| !letter.is_empty()).collect::<Vec<_>>().join(" ");
        let base = pages::base(&flow.context.settings);
        pages::page(StatusCode::OK, &pages::Verifier { base, client: &flow.client.name, code, spelled })
    } else {
        let token = flow.asked.state.as_deref().unwrap_or_default();
        leave::to_client(flow.request, flow.context, to, &[("oauth_token", token), ("oauth_verifier", verifier.expose())])
    };
    flow.with_cookies(response).await
}

/// Writes grant and permission together, and gives the verifier. Of two users, or two tabs, one wins.
///
/// # Errors
/// When somebody decided before, or the credentials have expired or are another client's; whatever the store says.
pub(super) async fn permit(
    name: &str,
    client: &Client,
    grant: mint::NewGrant<'_>,
    data: PluginData,
    context: &Context,
) -> Result<Secret<String>, OAuthError> {
    for _ in 0..mint::DRAWS {
        let found = waiting(name, context).await?.ok_or_else(not_waiting)?;
        if found.client.as_deref() != Some(client.id.as_str()) {
            return Err(not_waiting());
        }
        let kind = verifier_kind(is_typed(&found.body));
        let mut grant = grant.clone().record_beside(found.id(), client, context);
        grant.body.data.clone_from(&data);
        let verifier = kind.make(&context.random.bytes());
        let mut permitted = Stored::clone(&found);
        permitted.body.authorized = Some(Authorized { grant: grant.grant, verifier: kind.hash(verifier.expose()) });
        // The guard leads: where a store cannot write several records at once, it stands alone.
        let batch = Batch::new().with(permitted.replace()?).with(grant.insert()?);
        match context.records.apply(batch).await? {
            Applied::Applied => return Ok(verifier),
            // Somebody else decided, or an id was taken: what is there now says which.
            Applied::Refused { .. } => {}
        }
    }
    Err(OAuthError::server_error("no free id for a grant was found"))
}

/// Remembers a no of the user, or of a plugin on the user's behalf, to temporary credentials: nobody is asked again, and the client
/// hears of it. Other refusals, and those of other requests, are none.
///
/// # Errors
/// Whatever the store says.
pub(crate) async fn refused(asked: &AuthorizationRequest, why: ErrorCode, context: &Context) -> Result<(), OAuthError> {
    if why != ErrorCode::AccessDenied || asked.response_type != ResponseType::Verifier {
        return Ok(());
    }
    let Some(found) = waiting(asked.state.as_deref().unwrap_or_default(), context).await? else { return Ok(()) };
    let mut denied = Stored::clone(&found);
    denied.body.denied = true;
    // Who decided meanwhile was the first.
    let (Applied::Applied | Applied::Refused { .. }) = context.records.apply(Batch::new().with(denied.replace()?)).await?;
    Ok(())
}

/// How a verifier travels.
pub(super) const fn verifier_kind(out_of_band: bool) -> VerifierKind {
    if out_of_band { VerifierKind::Typed } else { VerifierKind::Url }
}

/// Whether the user carries the verifier of these credentials.
pub(super) fn is_typed(credentials: &TemporaryCredential) -> bool {
    credentials.callback == "oob"
}
