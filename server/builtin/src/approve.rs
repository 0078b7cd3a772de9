//! Makes the grant and its code, together and only here: after a user signed in and consented (RFC 6749 §4.1.2).

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::record::Key;
use keyhook_component::records::{Code, Session, Stored};
use keyhook_core::authorize::AuthorizationRequest;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::scope::Granted;
use keyhook_core::secret::Secret;
use keyhook_core::token::TokenKind;

use crate::interaction::Open;
use crate::mint;

/// What a user, or a plugin that may, agreed to. Its parts are evidence: the request is checked, the scope narrowed, the session live.
pub(crate) struct Approval<'a> {
    /// The checked request.
    pub(crate) asked: &'a AuthorizationRequest,
    /// The client that asks.
    pub(crate) client: &'a Client,
    /// What of it is granted.
    pub(crate) granted: Granted,
    /// The session of the user who agreed.
    pub(crate) session: &'a Stored<Session>,
    /// Who that is.
    pub(crate) subject: &'a str,
    /// Plugins' data that travels with the grant.
    pub(crate) data: PluginData,
}

/// Completes the interaction and makes grant and code. Two answers to one page make one code.
///
/// # Errors
/// 403 when the interaction was answered before; whatever the store says: then there is no code.
pub(crate) async fn issue(context: &Context, open: Option<Open>, approval: Approval<'_>) -> Result<Secret<String>, OAuthError> {
    if let Some(open) = open {
        open.take(context).await?;
    }
    for _ in 0..mint::DRAWS {
        let (code, batch) = draft(context, &approval)?;
        if context.records.apply(batch).await? == Applied::Applied {
            return Ok(code);
        }
    }
    Err(OAuthError::server_error("no free id for a grant was found"))
}

fn draft(context: &Context, approval: &Approval<'_>) -> Result<(Secret<String>, Batch), OAuthError> {
    let Approval { asked, client, granted, session, subject, data } = approval;
    let now = context.now();
    let grant = mint::NewGrant {
        subject: Some(subject),
        scope: granted,
        auth_time: session.body.auth_time,
        acr: session.body.acr.clone(),
        amr: session.body.amr.clone(),
    };
    let mut grant = grant.record(client, context);
    grant.body.data = data.clone();
    let id = grant.grant;
    let token = mint::token(TokenKind::Code, id, context);
    let code = Code {
        hash: token.hash(),
        redirect_uri: asked.redirect_uri_was_sent.then(|| asked.redirect_uri.as_str().to_owned()),
        challenge: asked.code_challenge,
        scope: granted.scope().clone(),
    };
    let code = Stored::new(Key::Issued(token.id), now.plus(context.settings.lifetimes.code), code)
        .of_grant(id)
        .of_client(asked.client_id.as_str())
        .of_subject(Some((*subject).to_owned()));
    Ok((token.encode(), Batch::new().with(grant.insert()?).with(code.insert()?)))
}
