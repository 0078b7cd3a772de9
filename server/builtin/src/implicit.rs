//! `response_type=token`: the token itself in the fragment of the redirect (RFC 6749 §4.2). Off unless `[grants] implicit = true`: RFC
//! 9700 §2.1.2 advises against it, and it is here for clients that know nothing else.

use keyhook_component::grant::{Pending, Refresh};
use keyhook_component::response::Response;
use keyhook_core::authorize::Refusal;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::scope::Granted;

use crate::commit::{Committed, commit};
use crate::flow::Flow;
use crate::leave;
use crate::mint::{self, Draft};
use crate::session::Live;
use crate::token_hooks::TokenHooks;

/// The name of the grant, for a client's registration and for plugins.
pub(crate) const GRANT_TYPE: &str = "implicit";

/// Gives the token to the client.
///
/// # Errors
/// What a plugin's `access_token_validation` says; whatever the store says: then there is no token.
pub(crate) async fn answer(mut flow: Flow<'_>, granted: Granted, session: Live, subject: String) -> Result<Response, Refusal> {
    if let Some(open) = flow.open.take() {
        open.take(flow.context).await?;
    }
    flow.event.subject = Some(subject.clone());
    let draft = match issue(&mut flow, &granted, &session, &subject).await {
        Ok(draft) => draft,
        Err(error) => return Err(flow.asked.refuse(error)),
    };
    flow.context.audit.record(flow.event.clone());
    let (expires_in, issuer) = (draft.expires_in.to_string(), flow.context.settings.issuer.as_str());
    // RFC 6749 §4.2.2; `scope` always, so that a client need not know whether it got all it asked for.
    let mut parameters =
        vec![("access_token", draft.access_token.expose().as_str()), ("token_type", "Bearer"), ("expires_in", &expires_in)];
    parameters.extend(Some(granted.scope().as_str()).filter(|scope| !scope.is_empty()).map(|scope| ("scope", scope)));
    parameters.extend(flow.asked.state.as_deref().map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    let response = leave::to_client(flow.request, flow.context, &flow.asked.redirect_uri, &parameters);
    flow.with_cookies(response).await
}

async fn issue(flow: &mut Flow<'_>, granted: &Granted, session: &Live, subject: &str) -> Result<Draft, OAuthError> {
    let (context, client) = (flow.context, &flow.client);
    let hooks = TokenHooks::new(flow.request, &Form::default(), client, GRANT_TYPE, context);
    for _ in 0..mint::DRAWS {
        let grant = mint::NewGrant {
            subject: Some(subject),
            scope: granted,
            auth_time: session.body.auth_time,
            acr: session.body.acr.clone(),
            amr: session.body.amr.clone(),
        };
        let mut record = grant.record(client, context);
        record.body.data = flow.data();
        let mut pending = Pending {
            subject: Some(subject.to_owned()),
            scope: granted.clone(),
            grant: record.grant,
            ends_at: record.expires_at,
            data: record.body.data.clone(),
            opens: Some(Box::new(record)),
            guard: None,
            // RFC 6749 §4.2.2: the server MUST NOT issue a refresh token.
            refresh: Refresh::No,
        };
        if let Some(hooks) = &hooks {
            hooks.validate(&mut pending, flow.event).await?;
        }
        let mut draft = mint::mint(&pending, client, GRANT_TYPE, context).await?;
        if let Some(mut opened) = pending.opens.take() {
            opened.body.data = pending.data;
            draft.batch.push(opened.insert()?);
        }
        if commit(std::mem::take(&mut draft.batch), false, context).await? == Committed::Issued {
            return Ok(draft);
        }
    }
    Err(OAuthError::server_error("no free id for a token was found"))
}
