//! Makes the grant and its code, together and only here: after a user signed in and consented (RFC 6749 §4.1.2).

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::record::Key;
use keyhook_component::records::{Code, Grant, Session, Stored};
use keyhook_core::authorize::AuthorizationRequest;
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
    let Approval { asked, granted, session, subject, data } = approval;
    let now = context.now();
    let id = mint::record_id(context);
    let grant = Grant {
        scope: granted.scope().clone(),
        auth_time: session.body.auth_time,
        acr: session.body.acr.clone(),
        amr: session.body.amr.clone(),
        data: data.clone(),
    };
    let grant = Stored::new(Key::Issued(id), now.plus(context.settings.lifetimes.grant), grant)
        .of_grant(id)
        .of_client(asked.client_id.as_str())
        .of_subject(Some((*subject).to_owned()));
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
